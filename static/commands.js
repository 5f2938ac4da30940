// The slash commands that go with what is being typed; what they do is the server's business.
const COMMANDS = [
	["/help", "", "what there is"],
	["/join", "design", "enter or make a room"],
	["/leave", "", "leave this room"],
	["/me", "waves", "say what you do"],
	["/who", "", "who is here"],
	["/rooms", "", "where people are"],
	["/remind", "10m tea", "say it here in time"],
	["/reminders", "", "what is due"],
	["/forget", "1", "cancel a reminder"],
];

export function commands(text) {
	return /^\/\w*$/.test(text) ? COMMANDS.filter(([name]) => name.startsWith(text.toLowerCase())) : [];
}
