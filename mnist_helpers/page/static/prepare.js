// From a drawing to the image that the networks read, step by step as in mnist_helpers/handwriting:
// each function is the twin of the Python one of the same name. An image is {width, height, data}, a byte for
// each pixel, 0–255, white ink on black; a mask has 0 and 255 only.

function picture(width, height) {
  return { width, height, data: new Uint8Array(width * height) };
}

function round(number) { // to the even neighbour halfway, as Python does
  const low = Math.floor(number);
  if (number - low !== 0.5) return Math.round(number);
  return low % 2 ? low + 1 : low;
}

const clip = (number, low, high) => Math.min(Math.max(number, low), high);

// digit.py --------------------------------------------------------------------------------------------------

function prepareDigit(mask) { // the four steps of `_stages`; our pen is too wide to draw hairlines
  const pen = evenPen(crop(mask));
  const box = fitBox(pen);
  return centre(box);
}

function crop(mask) {
  let [left, top, right, bottom] = [mask.width, mask.height, 0, 0];
  for (let y = 0, i = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, i++) {
      if (!mask.data[i]) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  const cut = picture(Math.max(0, right - left), Math.max(0, bottom - top));
  for (let y = 0; y < cut.height; y++) {
    const from = (top + y) * mask.width + left;
    cut.data.set(mask.data.subarray(from, from + cut.width), y * cut.width);
  }
  return cut;
}

function fitBox(mask) {
  const ink = crop(mask);
  const scale = 20 / Math.max(ink.width, ink.height);
  return resizeArea(ink, Math.max(1, round(ink.width * scale)), Math.max(1, round(ink.height * scale)));
}

function centre(ink) {
  let [mass, across, down] = [0, 0, 0];
  for (let y = 0, i = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++, i++) {
      mass += ink.data[i];
      across += x * ink.data[i];
      down += y * ink.data[i];
    }
  }
  const top = clip(14 - round(down / mass), 0, 28 - ink.height);
  const left = clip(14 - round(across / mass), 0, 28 - ink.width);
  const image = picture(28, 28);
  for (let y = 0; y < ink.height; y++) {
    image.data.set(ink.data.subarray(y * ink.width, (y + 1) * ink.width), (top + y) * 28 + left);
  }
  return image;
}

// pen.py ----------------------------------------------------------------------------------------------------

function evenPen(mask, thinnest = 2.2, thickest = 3.2) {
  const unit = 4; // pixels for each pixel of the 20 × 20 box
  const large = pad(resizeCubic(mask, (20 * unit) / Math.max(mask.width, mask.height)), 2 * unit);
  const ink = large.data.map((grey) => (grey > 127 ? 1 : 0));
  const outside = distanceTransform(ink.map((is) => 1 - is), large.width, large.height);
  const inside = distanceTransform(ink, large.width, large.height);
  const middle = inside.filter((_, i) => ink[i] && isLargestAround(inside, i, large.width));
  const width = middle.length ? 2 * median(middle) : 0;
  const wanted = clip(width, thinnest * unit, Math.max(thickest * unit, 0.6 * width));
  large.data = large.data.map((_, i) => (outside[i] - inside[i] <= (wanted - width) / 2 ? 255 : 0));
  return large;
}

function isLargestAround(values, i, width) { // the ink is padded: every pixel of it has eight neighbours
  for (const row of [i - width, i, i + width]) {
    if (values[row - 1] > values[i] || values[row] > values[i] || values[row + 1] > values[i]) return false;
  }
  return true;
}

function median(values) {
  const sorted = values.sort(); // of numbers, in a typed array
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

function pad(image, edge) {
  const padded = picture(image.width + 2 * edge, image.height + 2 * edge);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width, (y + 1) * image.width);
    padded.data.set(row, (y + edge) * padded.width + edge);
  }
  return padded;
}

// OpenCV ----------------------------------------------------------------------------------------------------

function distanceTransform(is, width, height) { // cv2.distanceTransform(is, cv2.DIST_L2, 5)
  // A step to a neighbour costs 1, across a corner 1.4, and a knight's move 2.1969.
  const wide = width + 4; // an edge of two
  const far = new Float32Array(wide * (height + 4)).fill(1e6);
  const step = (y, x, on) => { // on: to the next pixel; the shortest way comes from those behind
    const [at, row] = [(y + 2) * wide + x + 2, on * wide];
    const straight = Math.min(far[at], far[at - on] + 1, far[at - row] + 1);
    const corner = Math.min(far[at - row - on], far[at - row + on]) + 1.4;
    const beside = Math.min(far[at - row - 2 * on], far[at - row + 2 * on]);
    const above = Math.min(far[at - 2 * row - on], far[at - 2 * row + on]);
    far[at] = is[y * width + x] ? Math.min(straight, corner, Math.min(beside, above) + 2.1969) : 0;
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) step(y, x, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) step(y, x, -1);
  const found = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + 2) * wide + 2;
    found.set(far.subarray(from, from + width), y * width);
  }
  return found;
}

function resizeCubic(image, scale) { // cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
  const taps = (from) => Array.from({ length: round(from * scale) }, (_, i) => {
    const place = (i + 0.5) / scale - 0.5;
    const first = Math.floor(place);
    return [-1, 0, 1, 2].map((step) => [clip(first + step, 0, from - 1), cubic(place - first - step)]);
  });
  return resample(image, taps(image.width), taps(image.height));
}

function cubic(distance) {
  const d = Math.abs(distance);
  return d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
}

function resizeArea(image, width, height) { // cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
  const taps = (from, to) => Array.from({ length: to }, (_, i) => {
    const [start, end] = [(i * from) / to, ((i + 1) * from) / to];
    const under = Array.from({ length: Math.ceil(end) - Math.floor(start) }, (_, n) => Math.floor(start) + n);
    return under.map((at) => [at, ((Math.min(at + 1, end) - Math.max(at, start)) * to) / from]);
  });
  return resample(image, taps(image.width, width), taps(image.height, height));
}

function resample(image, columns, rows) { // for each new column and row: old ones, and the share of each
  const resized = picture(columns.length, rows.length);
  const line = new Float64Array(image.width);
  rows.forEach((row, y) => {
    line.fill(0);
    for (const [from, share] of row) {
      for (let x = 0, i = from * image.width; x < image.width; x++, i++) line[x] += share * image.data[i];
    }
    columns.forEach((column, x) => {
      let sum = 0;
      for (const [from, share] of column) sum += share * line[from];
      resized.data[y * resized.width + x] = clip(round(sum), 0, 255);
    });
  });
  return resized;
}

// corruptions.py: "shift" and "rotation" ------------------------------------------------------------------------

function moved(image, degrees, right) {
  // Turn an image to the left about its middle, then shift it; between pixels the grey is in proportion.
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const grey = (x, y) => (x >= 0 && x < 28 && y >= 0 && y < 28 ? image.data[y * 28 + x] : 0);
  const result = picture(28, 28);
  for (let y = 0, i = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++, i++) {
      const [across, down] = [x - right - 13.5, y - 13.5];
      const [fromX, fromY] = [13.5 + cos * across - sin * down, 13.5 + sin * across + cos * down];
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [dx, dy] = [fromX - left, fromY - top];
      const above = (1 - dx) * grey(left, top) + dx * grey(left + 1, top);
      const below = (1 - dx) * grey(left, top + 1) + dx * grey(left + 1, top + 1);
      result.data[i] = round((1 - dy) * above + dy * below);
    }
  }
  return result;
}
