// The sheet of paper. Gradio runs this once, with `element` (the sheet), `props` and `trigger`.
// After every stroke the drawing goes to Python as a PNG file with its strokes, {drawing: …, strokes: …}: digits that
// touch are told apart by where the pen was lifted. A blank sheet is {}.
const canvas = element.querySelector("canvas");
const pen = canvas.getContext("2d");
const hint = element.querySelector(".paper span");
let strokes = [];
let shown = null; // the photo that lies on the sheet

function draw(points) {
  pen.lineWidth = 14; // a thicker one would blot small digits
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
}

function show() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  if (shown?.width) {
    const scale = Math.min(canvas.width / shown.width, canvas.height / shown.height);
    const [width, height] = [shown.width * scale, shown.height * scale];
    pen.drawImage(shown, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  }
  strokes.forEach(draw);
  hint.textContent = shown ? "Your file was sent. Draw here for something new" : "Draw here";
  element.querySelector(".paper").classList.toggle("blank", strokes.length === 0 && !shown?.width);
}

function drawn() {
  if (!strokes.length) return {};
  const whole = strokes.map((points) => points.flat().map((number) => Math.round(10 * number) / 10));
  return { drawing: canvas.toDataURL("image/png"), strokes: whole };
}

function send(value = drawn()) {
  props.value = value;
  trigger("input");
}

function keep(wanted) {
  strokes = wanted;
  shown = null;
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
  shown = null;
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
  const file = event.target.files[0];
  const size = file.size;
  shown = {}; // a file that the browser cannot show still has been sent
  show();
  createImageBitmap(file).then((picture) => {
    if (!shown) return;
    shown = picture;
    show();
  }, () => {});
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

// "Read it" brings the answer into sight and lets it blink once: after each stroke it is there already.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#read")) return;
  if (shown) event.stopImmediatePropagation(); // the photo has been read
  const answer = document.querySelector("#answer");
  answer.scrollIntoView({ block: "nearest", behavior: "smooth" });
  answer.animate({ opacity: [1, 0.15, 1] }, 700);
}, true);
