import assert from "node:assert/strict";
import test from "node:test";
import { avatarColour } from "../../../static/view/dom.js";

const SIMILAR = ["ana", "anb", "ann", "Ana", "Anna", "Ana-Maria", "Ana Maria", "anna", "hana", "ana1", "ana2", "ana3"];

// OKLCH as OKLab, then as linear sRGB (https://bottosson.github.io/posts/oklab/), cut to what a screen shows.
function toOklab({ lightness, chroma, hue }) {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

function luminance(colour) {
  const [lightness, a, b] = toOklab(colour);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((part) => Math.min(1, Math.max(0, part)));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const difference = (one, other) => Math.hypot(...toOklab(one).map((part, index) => part - toOklab(other)[index]));

test("people whose names are similar have colours that one can tell apart", () => {
  for (const one of SIMILAR) {
    for (const other of SIMILAR) {
      if (one === other) continue;
      const between = difference(avatarColour(one), avatarColour(other));
      assert.ok(between > 0.04, `${one} and ${other}: ${between}`);
    }
  }
});

test("of many names that differ in the last letter few have nearly the same colour", () => {
  const names = Array.from({ length: 2000 }, (_, index) => `user${index}`);
  const near = names
    .slice(1)
    .filter((name, index) => difference(avatarColour(name), avatarColour(names[index])) < 0.03);

  assert.ok(near.length < 100, `${near.length} of ${names.length}`);
});

test("the white letter can be read on every colour", () => {
  for (let index = 0; index < 5000; index++) {
    const contrast = 1.05 / (luminance(avatarColour(`user ${index}`)) + 0.05);
    assert.ok(contrast >= 4.5, `${contrast} for user ${index}`);
  }
});
