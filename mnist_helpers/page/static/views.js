// The three views of what is on the sheet. `changed` is called by sheet.js; all else follows a visitor's hand.

const SHIFT = { id: "shift", least: -8, most: 8, step: 1 }; // pixels to the right
const TURN = { id: "turn", least: -45, most: 45, step: 5 }; // degrees to the right
const LAYERS = [
  ["Convolution 1", "24 filters make 24 maps of 24 × 24. Point at any place of any map."],
  ["Pooling 1", "Of each block of 2 × 2 the largest number stays: 24 maps of 12 × 12."],
  ["Convolution 2", "32 filters of 3 × 3 look at all 24 maps at once: 32 maps of 10 × 10."],
  [
    "Pooling 2",
    "The largest of each block again: 32 maps of 5 × 5. Two dense layers weigh these 800 numbers for the ten digits.",
  ],
];
const BLANK = picture(28, 28);
const [KERNEL, BIAS] = CNN; // of the first convolution

const now = {
  image: BLANK, // what is on the sheet, prepared
  whole: BLANK, // the same as it is, in the sheet's own size
  blank: true,
  version: 0, // counts the images
  layers: null, // what leaves each layer of the CNN
  cnn: null, // ten probabilities
  dense: null,
  shift: 0,
  turn: 0,
  preparation: "prepared",
  layer: 1,
  filter: 8,
  place: null, // row and column of the map; null: wherever the map is largest
  revealed: Infinity, // how many places of the map are shown, while the filter slides
};

function changed(ink, whole) {
  now.blank = ink === null;
  now.image = now.blank ? BLANK : prepareDigit(ink);
  now.whole = whole;
  now.version += 1;
  now.layers = layersOfCnn(now.image);
  now.cnn = now.layers.at(-1).values;
  now.dense = readDense(now.image);
  showAll();
  announceLater();
}

function showAll() {
  showAnswer("cnn", now.cnn);
  showAnswer("dense", now.dense);
  showMoved();
  showFilter();
  showMaps();
  showGets();
}

// What is said ------------------------------------------------------------------------------------------------

const percent = (share) => (share >= 0.995 && share < 1 ? ">99%" : `${Math.round(100 * share)}%`);
const either = ({ digit, candidates }) => (digit === null ? `${candidates[0]} or ${candidates[1]}?` : `${digit}`);

function showAnswer(name, probabilities) {
  const said = answer(probabilities);
  const words = now.blank ? "" : `<strong>${either(said)}</strong> ${percent(said.probability)}`;
  byId(`${name}-answer`).innerHTML = words;
  byId(`${name}-answer`).className = said.digit === null ? "unsure" : "";
}

let announcement = 0;
function announceLater() {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    if (now.blank) {
      byId("announced").textContent = "The sheet is blank.";
      return;
    }
    const [cnn, dense] = [answer(now.cnn), answer(now.dense)];
    const sure = (said) => (said.digit === null ? `is not sure: ${either(said)}` : `reads ${said.digit}`);
    const judged = settled(cnn.digit, dense.digit);
    byId("announced").textContent = judged || `The CNN ${sure(cnn)}. The dense network ${sure(dense)}.`;
  }, SETTLED);
}

// Pictures ----------------------------------------------------------------------------------------------------

let colours; // name → red, green and blue of the style sheet
let shades; // name → 256 shades from paper to the colour, as a canvas holds them
function findColours() {
  const style = getComputedStyle(document.documentElement);
  const part = (name) => style.getPropertyValue(`--${name}`).trim().split(" ").map(Number);
  colours = Object.fromEntries(["paper", "ink", "cnn", "for", "against"].map((name) => [name, part(name)]));
  const all = (name) => Uint32Array.from({ length: 256 }, (_, i) => asPixel(mix(i / 255, colours[name])));
  shades = Object.fromEntries(Object.keys(colours).map((name) => [name, all(name)]));
}

const mix = (share, to) => colours.paper.map((part, i) => Math.round(part + clip(share, 0, 1) * (to[i] - part)));
const asPixel = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
const shade = (name, share) => shades[name][Math.round(255 * Math.min(1, share))];
const sign = (value) => (value > 0 ? "for" : "against");

function paint(canvas, width, height, shadeOf) { // one pixel for each number; the style sheet enlarges it
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pixels = new ImageData(width, height);
  const whole = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < whole.length; i++) whole[i] = shadeOf(i);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

const paintImage = (canvas, image) => paint(canvas, 28, 28, (i) => shades.ink[image.data[i]]);

function paintFilter(canvas, filter) {
  paint(canvas, 5, 5, (i) => shade(sign(weight(i, filter)), Math.abs(weight(i, filter)) / MOST));
}

// 1. Move the digit ---------------------------------------------------------------------------------------------

const rightDigit = () => drawing.right ?? answer(now.cnn, 0).digit;
const where = (number, unit) => (number === 0 ? "" : `${Math.abs(number)}${unit} ${number < 0 ? "left" : "right"}`);
const pixels = (number) => (Math.abs(number) === 1 ? " pixel" : " pixels");

function showMoved() {
  const image = moved(now.image, -now.turn, now.shift);
  const right = rightDigit();
  const [cnn, dense] = [readCnn(image), readDense(image)];
  const pale = (i) => Math.round(now.image.data[i] / 2.5);
  paint(byId("moved"), 28, 28, (i) => (image.data[i] < pale(i) ? shades.cnn[pale(i)] : shades.ink[image.data[i]]));
  byId("right").value = right;
  byId("shift-text").textContent = where(now.shift, pixels(now.shift));
  byId("turn-text").textContent = where(now.turn, "°");
  for (const [name, probabilities] of [["cnn", cnn], ["dense", dense]]) {
    const said = answer(probabilities);
    byId(`${name}-moved`).textContent = now.blank ? "" : `${either(said)} ${said.digit === right ? "✓" : "✗"}`;
  }
  const said = `CNN: ${either(answer(cnn))}, dense: ${either(answer(dense))}`;
  for (const slider of [SHIFT, TURN]) {
    const chart = byId(`${slider.id}-chart`);
    const place = (now[slider.id] - slider.least) / (slider.most - slider.least);
    byId(slider.id).ariaValueText = `${byId(`${slider.id}-text`).textContent || "not at all"}. ${said}`;
    for (const [name, share] of [["cnn", cnn[right]], ["dense", dense[right]]]) {
      const mark = chart.querySelector(`i.${name}`);
      mark.hidden = now.blank;
      mark.style.cssText = `left: ${100 * place}%; top: ${100 - 100 * share}%`;
    }
    const given = `CNN ${percent(cnn[right])}, dense ${percent(dense[right])}`;
    chart.querySelector(".plot").ariaLabel = `For the right digit, ${right}: ${given}`;
  }
  showCurves();
}

const other = (slider) => (slider === SHIFT ? now.turn : now.shift);
const wanted = (slider) => `${now.version} ${rightDigit()} ${other(slider)}`;
const pause = () => new Promise((go) => setTimeout(go));
let busy = false;
async function showCurves() { // in slices, so that the hand goes first
  if (busy) return;
  busy = true;
  await pause();
  let since = performance.now();
  for (let slider; (slider = [SHIFT, TURN].find((each) => each.shown !== wanted(each))); ) {
    const [shown, image, right, fixed] = [wanted(slider), now.image, rightDigit(), other(slider)];
    const shares = { cnn: [], dense: [] };
    for (let value = slider.least; value <= slider.most; value += slider.step) {
      const picture = slider === SHIFT ? moved(image, -fixed, value) : moved(image, -value, fixed);
      shares.cnn.push(readCnn(picture)[right]);
      shares.dense.push(readDense(picture)[right]);
      if (performance.now() - since < 12) continue;
      await pause();
      since = performance.now();
    }
    for (const name of ["cnn", "dense"]) {
      const across = 100 / (shares[name].length - 1);
      const points = shares[name].map((share, i) => `${across * i},${100 - 100 * share}`);
      const line = byId(`${slider.id}-chart`).querySelector(`polyline.${name}`);
      line.setAttribute("points", image === BLANK ? "" : points.join(" "));
    }
    slider.shown = shown;
  }
  busy = false;
}

for (const { id } of [SHIFT, TURN]) {
  const lines = ["dense", "cnn"].map((name) => `<polyline class="${name}"/>`).join("");
  byId(`${id}-chart`).querySelector(".plot").innerHTML =
    `<svg viewBox="0 0 100 100" preserveAspectRatio="none">${lines}</svg><i class="dense"></i><i class="cnn"></i>`;
  byId(id).addEventListener("input", () => {
    now[id] = Number(byId(id).value);
    showMoved();
  });
}
byId("right").innerHTML = [...SAMPLES.keys()].map((digit) => `<option>${digit}</option>`).join("");
byId("right").addEventListener("change", () => {
  drawing.right = Number(byId("right").value);
  showMoved();
});

// 2. A filter at work -------------------------------------------------------------------------------------------

const SIDE = 24; // of a map of the first convolution
const numberAt = (row, column) => now.layers[1].values[(row * SIDE + column) * 24 + now.filter];
const weight = (i, filter) => KERNEL.values[24 * i + filter];
const MOST = Math.max(...KERNEL.values.map(Math.abs));

function placeShown() {
  if (now.place) return now.place;
  const places = [...Array(SIDE * SIDE).keys()].map((i) => [Math.floor(i / SIDE), i % SIDE]);
  return places.reduce((best, place) => (numberAt(...place) > numberAt(...best) ? place : best));
}

function showFilter() {
  const [row, column] = placeShown();
  const largest = Math.max(...now.layers[1].values) || 1;
  paintImage(byId("image"), now.image);
  mark(byId("image"), row, column, 5, 28);
  paintFilter(byId("filter"), now.filter);
  byId("filter-name").textContent = `Filter ${now.filter + 1}`;
  paint(byId("map"), SIDE, SIDE, (i) => {
    return i > now.revealed ? shade("ink", 0.12) : shade("cnn", numberAt(Math.floor(i / SIDE), i % SIDE) / largest);
  });
  mark(byId("map"), row, column, 1, SIDE);

  const under = (_, i) => (row + Math.floor(i / 5)) * 28 + column + (i % 5);
  const pixels = Array.from({ length: 25 }, under).map((i) => now.layers[0].values[i]);
  const products = pixels.map((pixel, i) => pixel * weight(i, now.filter));
  fill("window", pixels, (pixel) => mix(pixel, colours.ink));
  const signed = (value) => mix(Math.abs(value) / MOST, colours[sign(value)]);
  fill("filter", pixels.map((_, i) => weight(i, now.filter)), signed);
  fill("product", products, signed);
  const sum = products.reduce((a, b) => a + b);
  const total = sum + BIAS.values[now.filter];
  const left = total > 0 ? "the number in the map" : "below 0, so the map gets 0";
  const bias = `with the filter’s bias, ${two(BIAS.values[now.filter])}, that is <strong>${two(total)}</strong>`;
  byId("sum-text").innerHTML = `The 25 products add up to ${two(sum)}; ${bias}, ${left}.`;
}

const two = (number) => number.toFixed(2).replace("-", "−");

function mark(canvas, row, column, size, rows) { // a frame around some of the numbers
  const [top, left, side] = [row, column, size].map((number) => `${(100 * number) / rows}%`);
  Object.assign(canvas.nextElementSibling.style, { top, left, width: side, height: side });
}

function fill(name, numbers, colourOf) {
  const cells = byId(`${name}-cells`).children;
  numbers.forEach((number, i) => {
    const colour = colourOf(number);
    cells[i].textContent = Math.abs(number) < 0.005 ? "0" : two(number).replace("0.", ".").replace("1.00", "1");
    cells[i].style.background = `rgb(${colour})`;
    const [red, green, blue] = colour.map((part) => (part / 255) ** 2.2);
    cells[i].style.color = 0.21 * red + 0.72 * green + 0.07 * blue > 0.18 ? "#000" : "#fff"; // what contrasts more
  });
}

for (const name of ["window", "filter", "product"]) byId(`${name}-cells`).innerHTML = "<span></span>".repeat(25);

function pointAt(filter, row, column) {
  stopSliding();
  now.filter = filter;
  now.place = [clip(row, 0, SIDE - 1), clip(column, 0, SIDE - 1)];
  showFilter();
  showPressed();
}

function pointed(event, canvas, filter = now.filter) {
  const box = canvas.getBoundingClientRect();
  const at = (from, length) => Math.floor((SIDE * from) / length);
  pointAt(filter, at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
}

for (const kind of ["pointermove", "pointerdown"]) {
  byId("map").addEventListener(kind, (event) => pointed(event, byId("map")));
}
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
byId("map").addEventListener("keydown", (event) => {
  if (!ARROWS[event.key]) return;
  event.preventDefault();
  const [row, column] = placeShown();
  pointAt(now.filter, row + ARROWS[event.key][0], column + ARROWS[event.key][1]);
});

let sliding = 0;
byId("slide").addEventListener("click", () => { // the window goes over the image, the map appears behind it
  const started = performance.now();
  const step = (time) => {
    now.revealed = Math.floor((time - started) / 10); // a place every 10 ms: six seconds in all
    if (now.revealed >= SIDE * SIDE) {
      stopSliding();
      now.place = null;
    } else {
      now.place = [Math.floor(Math.max(0, now.revealed) / SIDE), Math.max(0, now.revealed) % SIDE];
      sliding = requestAnimationFrame(step);
    }
    showFilter();
  };
  stopSliding();
  sliding = requestAnimationFrame(step);
});

function stopSliding() {
  cancelAnimationFrame(sliding);
  now.revealed = Infinity;
}

// All maps of a layer ---------------------------------------------------------------------------------------------

function showLayer(layer) { // other maps, and more or fewer of them
  now.layer = layer;
  byId("layer-text").textContent = LAYERS[layer - 1][1];
  const count = now.layers[layer].shape[2];
  byId("maps").replaceChildren(...Array.from({ length: count }, (_, i) => tile(i)));
  showMaps();
  showPressed();
}

function tile(i) { // of the first convolution a button, beside its map the filter
  const canvas = document.createElement("canvas");
  if (now.layer > 1) {
    canvas.role = "img";
    canvas.ariaLabel = `Map ${i + 1}`;
    return canvas;
  }
  const [button, filter] = [document.createElement("button"), document.createElement("canvas")];
  button.type = "button";
  button.ariaLabel = `Filter ${i + 1}`;
  button.append(canvas, filter);
  paintFilter(filter, i);
  button.addEventListener("pointermove", (event) => event.target === canvas && pointed(event, canvas, i));
  button.addEventListener("click", (event) => {
    if (event.detail && event.target === canvas) return pointed(event, canvas, i);
    stopSliding();
    now.filter = i;
    now.place = null;
    showFilter();
    showPressed();
  });
  return button;
}

function showMaps() {
  const { shape, values } = now.layers[now.layer];
  const [rows, columns, count] = shape;
  const largest = Math.max(...values) || 1;
  [...byId("maps").children].forEach((child, f) => {
    const canvas = child.matches("canvas") ? child : child.firstChild;
    paint(canvas, columns, rows, (i) => shade("cnn", values[i * count + f] / largest));
  });
}

function showPressed() {
  [...byId("layers").children].forEach((button, i) => (button.ariaPressed = i + 1 === now.layer));
  if (now.layer === 1) [...byId("maps").children].forEach((button, i) => (button.ariaPressed = i === now.filter));
}

LAYERS.forEach(([name], i) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.addEventListener("click", () => showLayer(i + 1));
  byId("layers").append(button);
});

// 3. What the network gets --------------------------------------------------------------------------------------

function showGets() {
  const image = now.preparation === "squeezed" ? resizeArea(now.whole, 28, 28) : now.image;
  const probabilities = image === now.image ? now.cnn : readCnn(image);
  const said = answer(probabilities);
  paintImage(byId("gets"), image);
  const unsure = `Not sure: ${said.candidates.join(" or ")}`;
  const verdict = said.digit === null ? unsure : `The CNN reads ${said.digit}`;
  byId("verdict").textContent = now.blank ? "Draw a digit first" : verdict;
  [...byId("bars").children].forEach((bar, digit) => {
    const share = now.blank ? 0 : probabilities[digit];
    bar.children[0].style.setProperty("--share", share);
    bar.children[1].textContent = percent(share);
  });
}

byId("bars").innerHTML = [...SAMPLES.keys()].map((digit) => `<li>${digit}<i></i><span></span></li>`).join("");
for (const button of byId("preparation").children) {
  button.addEventListener("click", () => {
    now.preparation = button.value;
    for (const each of byId("preparation").children) each.ariaPressed = each === button;
    showGets();
  });
}

// The start -------------------------------------------------------------------------------------------------------

for (const [name, { parameters, accuracy }] of Object.entries(WEIGHTS)) {
  const score = `${(100 * accuracy).toFixed(1)}%`;
  byId(`${name}-network`).textContent = `${parameters.toLocaleString("en")} parameters, ${score} of the test digits`;
}
findColours();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  findColours();
  showLayer(now.layer);
  showAll();
});
changed(null, BLANK);
showLayer(1);
play(sample(4), 4);
past = []; // there is nothing before the first sample
byId("undo").disabled = true;
const nudge = (shift) => { // until a visitor's hand takes over
  if (!drawing.borrowed || past.length || now.shift !== shift - 1) return;
  byId("shift").value = now.shift = shift;
  showMoved();
  if (shift < 3) setTimeout(nudge, STILL ? 0 : 500, shift + 1);
};
setTimeout(nudge, STILL ? 0 : 1500, 1);
