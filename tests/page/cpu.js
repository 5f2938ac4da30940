// The processor's time of this process: what else runs on the machine does not count.

/** Returns how many milliseconds of the processor's time the work takes. */
export function cpuMilliseconds(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
