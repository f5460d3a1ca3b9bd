// The sheet of paper. Gradio runs this once, with `element` (the sheet), `props` and `trigger`.
// After every stroke the drawing goes to Python as a PNG file, {drawing: …}; a blank sheet is {}.
const canvas = element.querySelector("canvas");
const pen = canvas.getContext("2d");
let strokes = [];

function draw(points) {
  pen.lineWidth = 26;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
}

function show() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  strokes.forEach(draw);
  element.querySelector(".paper").classList.toggle("blank", strokes.length === 0);
}

function send(value = strokes.length ? { drawing: canvas.toDataURL("image/png") } : {}) {
  props.value = value;
  trigger("input");
}

function keep(wanted) {
  strokes = wanted;
  show();
  send();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const across = (event.clientX - box.left) / box.width;
  const down = (event.clientY - box.top) / box.height;
  return [across * canvas.width, down * canvas.height];
}

let drawing = null; // the pointer that draws: a second finger does not
canvas.addEventListener("pointerdown", (event) => {
  if (drawing !== null || event.button !== 0) return;
  drawing = event.pointerId;
  canvas.setPointerCapture(drawing);
  strokes.push([place(event)]);
  show();
});
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drawing) return;
  const points = strokes.at(-1);
  const from = points.length - 1;
  const between = event.getCoalescedEvents?.() ?? []; // where the pointer was since the last event, if known
  points.push(...[...between, event].map(place));
  draw(points.slice(from));
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    send();
  });
}
element.querySelector(".undo").addEventListener("click", () => keep(strokes.slice(0, -1)));
element.querySelector(".clear").addEventListener("click", () => keep([]));
show();

// A photo takes the place of the drawing. One that is too large stays here: Python would only refuse it.
const chosen = () => document.querySelector("input[type=file]"); // the upload button's, the only one
document.addEventListener("click", () => {
  chosen().accept = "image/*"; // phones offer the camera; Gradio's own setting would refuse a PDF unexplained
}, true);
document.addEventListener("change", (event) => {
  if (event.target !== chosen() || !event.target.files.length) return;
  strokes = [];
  props.value = {};
  show();
  const size = event.target.files[0].size;
  if (size <= 10_000_000) return;
  event.stopImmediatePropagation();
  event.target.value = "";
  send({ too_large: size });
}, true);

// A picture can also be dropped anywhere on the page, or pasted.
for (const [name, key] of [["drop", "dataTransfer"], ["paste", "clipboardData"]]) {
  document.addEventListener(name, (event) => {
    if (!event[key]?.files.length) return;
    event.preventDefault();
    chosen().files = event[key].files;
    chosen().dispatchEvent(new Event("change", { bubbles: true }));
  });
}
document.addEventListener("dragover", (event) => event.preventDefault());
