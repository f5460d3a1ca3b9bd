// The two networks, layer by layer as Keras computes them: each function is the twin of the layer of that name.
// What goes from layer to layer is {shape, values}: [rows, columns, channels] and the numbers in that order.

function unpacked({ shape, numbers }) { // what `packed` in tools/maintain/weights.py makes
  const bytes = Uint8Array.from(atob(numbers), (letter) => letter.charCodeAt(0));
  const halves = new DataView(bytes.buffer);
  const number = (_, i) => float16(halves.getUint16(2 * i, true));
  return { shape, values: Float32Array.from({ length: bytes.length / 2 }, number) };
}

function float16(bits) { // a sign, five bits of exponent, ten of fraction
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

const [DENSE, CNN] = ["dense", "cnn"].map((name) => WEIGHTS[name].arrays.map(unpacked));

function toModelInput(image) {
  return { shape: [28, 28, 1], values: Float32Array.from(image.data, (grey) => grey / 255) };
}

function readDense(image) { // models.build_dense
  const [hidden, hiddenBias, last, lastBias] = DENSE;
  return softmax(dense(relu(dense(toModelInput(image), hidden, hiddenBias)), last, lastBias));
}

function readCnn(image) { // models.build_fast_cnn
  return layersOfCnn(image).at(-1).values;
}

function layersOfCnn(image) { // the numbers that leave each layer, from the input to the ten probabilities
  const [first, firstBias, second, secondBias, hidden, hiddenBias, last, lastBias] = CNN;
  const input = toModelInput(image);
  const maps = relu(conv2D(input, first, firstBias));
  const pooled = maxPooling2D(maps);
  const deeper = relu(conv2D(pooled, second, secondBias));
  const deepest = maxPooling2D(deeper);
  const units = relu(dense(deepest, hidden, hiddenBias));
  const probabilities = { shape: [10], values: softmax(dense(units, last, lastBias)) };
  return [input, maps, pooled, deeper, deepest, units, probabilities];
}

function conv2D(input, kernel, bias) {
  const [rows, columns, channels] = input.shape;
  const [height, width, , filters] = kernel.shape;
  const [down, across] = [rows - height + 1, columns - width + 1];
  const [values, weights] = [new Float32Array(down * across * filters), kernel.values];
  for (let place = 0; place < down * across; place++) values.set(bias.values, place * filters);
  // Each number of the input goes, with its weights, to every place whose window covers it; most are 0.
  input.values.forEach((value, i) => {
    if (value === 0) return;
    const [channel, place] = [i % channels, Math.floor(i / channels)];
    const [y, x] = [Math.floor(place / columns), place % columns];
    for (let dy = Math.max(0, y - down + 1); dy < height && dy <= y; dy++) {
      for (let dx = Math.max(0, x - across + 1); dx < width && dx <= x; dx++) {
        const to = ((y - dy) * across + x - dx) * filters;
        const from = ((dy * width + dx) * channels + channel) * filters;
        for (let f = 0; f < filters; f++) values[to + f] += value * weights[from + f];
      }
    }
  });
  return { shape: [down, across, filters], values };
}

function maxPooling2D(input) { // blocks of 2 × 2
  const [rows, columns, channels] = input.shape;
  const [down, across] = [rows >> 1, columns >> 1];
  const values = new Float32Array(down * across * channels);
  for (let place = 0; place < down * across; place++) {
    const above = (2 * Math.floor(place / across) * columns + 2 * (place % across)) * channels;
    const below = above + columns * channels;
    for (let c = 0; c < channels; c++) {
      const upper = Math.max(input.values[above + c], input.values[above + channels + c]);
      const lower = Math.max(input.values[below + c], input.values[below + channels + c]);
      values[place * channels + c] = Math.max(upper, lower);
    }
  }
  return { shape: [down, across, channels], values };
}

function dense(input, kernel, bias) { // of all numbers in their order: `Flatten` changes nothing here
  const [units, values, weights] = [bias.values.length, Float32Array.from(bias.values), kernel.values];
  input.values.forEach((value, i) => {
    if (value === 0) return;
    for (let unit = 0, from = i * units; unit < units; unit++, from++) values[unit] += value * weights[from];
  });
  return { shape: [units], values };
}

function relu({ shape, values }) {
  return { shape, values: values.map((value) => Math.max(0, value)) };
}

function softmax({ values }) {
  const largest = Math.max(...values);
  const powers = Array.from(values, (value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

// handwriting/verdict.py --------------------------------------------------------------------------------------

const SURE = 0.7; // below this probability the answer is "not sure"

function answer(probabilities, threshold = SURE) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const probability = probabilities[order[0]];
  return { digit: probability >= threshold ? order[0] : null, candidates: order.slice(0, 2), probability };
}
