// The two networks, layer by layer as Keras computes them: each function is the twin of the layer of that name.
// What goes from layer to layer is {shape, values}: [rows, columns, channels] and the numbers in that order.

function unpacked({ shape, numbers }) { // what `packed` in tools/maintain/weights.py makes
  const bytes = Uint8Array.from(atob(numbers), (letter) => letter.charCodeAt(0));
  const halves = new DataView(bytes.buffer);
  return { shape, values: Float32Array.from({ length: bytes.length / 2 }, (_, i) => float16(halves.getUint16(2 * i, true))) };
}

function float16(bits) { // a sign, five bits of exponent, ten of fraction
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

const [DENSE, CNN] = ["dense", "cnn"].map((name) => WEIGHTS[name].arrays.map(unpacked));

function toModelInput(image) {
  return { shape: [28, 28, 1], values: Float32Array.from(image.data, (grey) => grey / 255) };
}

function readDense(image) { // models.build_dense_271
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
  return [input, maps, pooled, deeper, deepest, units, { shape: [10], values: softmax(dense(units, last, lastBias)) }];
}

function conv2D(input, kernel, bias) {
  const [rows, columns, channels] = input.shape;
  const [height, width, , filters] = kernel.shape;
  const shape = [rows - height + 1, columns - width + 1, filters];
  const output = { shape, values: new Float32Array(shape[0] * shape[1] * filters) };
  for (let i = 0; i < output.values.length; i++) output.values[i] = bias.values[i % filters];
  // Each number of the input goes, with its weights, to every place whose window covers it; most are 0.
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = input.values[(y * columns + x) * channels + channel];
        if (value === 0) continue;
        for (let dy = Math.max(0, y - shape[0] + 1); dy < height && dy <= y; dy++) {
          for (let dx = Math.max(0, x - shape[1] + 1); dx < width && dx <= x; dx++) {
            const to = ((y - dy) * shape[1] + x - dx) * filters;
            const from = ((dy * width + dx) * channels + channel) * filters;
            for (let f = 0; f < filters; f++) output.values[to + f] += value * kernel.values[from + f];
          }
        }
      }
    }
  }
  return output;
}

function maxPooling2D(input) { // blocks of 2 × 2
  const [rows, columns, channels] = input.shape;
  const shape = [rows >> 1, columns >> 1, channels];
  const values = new Float32Array(shape[0] * shape[1] * channels);
  for (let i = 0; i < values.length; i++) {
    const [channel, place] = [i % channels, Math.floor(i / channels)];
    const [y, x] = [2 * Math.floor(place / shape[1]), 2 * (place % shape[1])];
    const from = (y * columns + x) * channels + channel;
    const block = [from, from + channels, from + columns * channels, from + (columns + 1) * channels];
    values[i] = Math.max(...block.map((at) => input.values[at]));
  }
  return { shape, values };
}

function dense(input, kernel, bias) { // of all numbers in their order: `Flatten` changes nothing here
  const units = bias.values.length;
  const output = { shape: [units], values: Float32Array.from(bias.values) };
  input.values.forEach((value, i) => {
    if (value === 0) return;
    for (let unit = 0; unit < units; unit++) output.values[unit] += value * kernel.values[i * units + unit];
  });
  return output;
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
