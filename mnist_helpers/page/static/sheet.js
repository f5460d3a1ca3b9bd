// The sheet of paper: strokes of mouse, pen or finger, undo, clear, samples, and digits to draw.
// After every change it calls `changed(ink, whole)` of views.js: the ink's part of the sheet, or null for too
// little ink, and the whole sheet, as masks.

const byId = (id) => document.getElementById(id);
const sheet = byId("sheet");
const pen = sheet.getContext("2d", { willReadFrequently: true });
const PEN = sheet.width / 20;
const LEAST = sheet.width / 7; // pixels of a drawing's longer side: less than that is no digit yet
const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches; // the visitor wants no motion
const SETTLED = 1200; // milliseconds without a change until an answer is announced

let drawing = { strokes: [], right: null, borrowed: false }; // borrowed: a sample, which a new stroke replaces
let past = []; // what Undo goes back to
let pointer = null; // the one that draws: a second finger does not
let playing = 0; // the animation of a sample

function draw(points) {
  pen.lineWidth = PEN;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
}

function show(strokes = drawing.strokes) {
  pen.clearRect(0, 0, sheet.width, sheet.height);
  strokes.forEach(draw);
  byId("hint").hidden = strokes.length > 0;
  byId("undo").disabled = past.length === 0;
  byId("clear").disabled = strokes.length === 0;
  ask();
}

function put(next) { // in place of the drawing, which Undo brings back
  stop();
  past.push(drawing);
  drawing = next;
  show();
}

function undo() {
  stop();
  if (past.length) drawing = past.pop();
  show();
}

function stop() { // a hand or a sample that still draws
  cancelAnimationFrame(playing);
  pointer = null;
}

function mask() {
  const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
  const ink = picture(sheet.width, sheet.height);
  for (let i = 0; i < ink.data.length; i++) ink.data[i] = data[4 * i + 3] > 127 ? 255 : 0;
  return ink;
}

let asked = false;
function ask() { // once for each picture that the screen shows
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const whole = mask();
    const ink = crop(whole);
    changed(Math.max(ink.width, ink.height) < LEAST ? null : ink, whole);
  });
}

// Drawing -----------------------------------------------------------------------------------------------------

function place(event) {
  const box = sheet.getBoundingClientRect();
  const across = (event.clientX - box.left) / box.width;
  const down = (event.clientY - box.top) / box.height;
  return [across * sheet.width, down * sheet.height];
}

const own = () => (drawing.borrowed ? { strokes: [], right: null } : drawing);

sheet.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  const { strokes, right } = own();
  put({ strokes: [...strokes, [place(event)]], right, borrowed: false });
  pointer = event.pointerId;
  sheet.setPointerCapture(pointer);
});
sheet.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const points = drawing.strokes.at(-1);
  const from = points.length - 1;
  const between = event.getCoalescedEvents?.() ?? []; // where the pointer was since the last event, if known
  points.push(...[...between, event].map(place));
  draw(points.slice(from));
  ask();
});
for (const end of ["pointerup", "pointercancel"]) {
  sheet.addEventListener(end, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    ask();
  });
}

byId("undo").addEventListener("click", undo);
byId("clear").addEventListener("click", () => put({ ...own(), strokes: [], borrowed: false }));
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  event.preventDefault();
  undo();
});

// Samples -----------------------------------------------------------------------------------------------------

function sample(digit) {
  const at = (point) => point.split(",").map((hundredth) => (hundredth * sheet.width) / 100);
  return SAMPLES[digit].map((stroke) => stroke.split(" ").map(at));
}

function play(strokes, right) { // as if a hand drew it; at once where the visitor wants no motion
  put({ strokes, right, borrowed: true });
  if (STILL) return;
  const started = performance.now();
  const all = strokes.flat().length;
  const step = (now) => {
    let left = Math.max(1, Math.round((all * (now - started)) / 700));
    if (left >= all) return show();
    const drawn = strokes.map((stroke) => stroke.slice(0, left - (left -= Math.min(left, stroke.length))));
    show(drawn.filter((stroke) => stroke.length));
    playing = requestAnimationFrame(step);
  };
  step(started);
}

SAMPLES.forEach((strokes, digit) => {
  const lines = strokes.map((points) => `<polyline points="${points}"/>`).join("");
  const button = document.createElement("button");
  button.type = "button";
  button.ariaLabel = `Sample ${digit}`;
  button.innerHTML = `<svg viewBox="12 12 76 76" aria-hidden="true">${lines}</svg>`;
  button.addEventListener("click", () => play(sample(digit), digit));
  byId("samples").append(button);
});

// "Draw me a 4" -----------------------------------------------------------------------------------------------

let task = null;
const score = { asked: 0, cnn: 0, dense: 0 };
byId("challenge").addEventListener("click", () => {
  const others = [...SAMPLES.keys()].filter((digit) => digit !== task);
  task = others[Math.floor(Math.random() * others.length)];
  put({ strokes: [], right: task, borrowed: false });
  byId("challenge").textContent = "Another digit";
  byId("asked").textContent = `Draw me a ${task}.`;
});

function settled(cnn, dense) { // called by views.js with both answers, once they have stood still
  if (task === null || drawing.borrowed || pointer !== null) return "";
  score.asked += 1;
  score.cnn += cnn === task;
  score.dense += dense === task;
  const other = (digit) => (digit === null ? "was not sure" : `took it for a ${digit}`);
  const read = (digit) => (digit === task ? `read your ${task}` : other(digit));
  const said = `The CNN ${read(cnn)}, the dense network ${read(dense)}.`;
  const sum = `So far: CNN ${score.cnn} of ${score.asked}, dense ${score.dense} of ${score.asked}.`;
  byId("asked").textContent = `${said} ${sum}`;
  task = null;
  return said;
}
