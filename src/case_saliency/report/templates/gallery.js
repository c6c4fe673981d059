// The gallery: draw the maps of the chosen image, network and methods.
const SIDE = 160;
const COLOURS = { first: [213, 94, 0], second: [0, 114, 178] };

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Paint signed strengths (-1 to 1) over the photograph: orange above 0, blue below.
function paint(photo, strengths, [height, width], label) {
  const small = element("canvas", { width, height });
  const pixels = new ImageData(width, height);
  strengths.forEach((value, position) => {
    pixels.data.set([...(value >= 0 ? COLOURS.first : COLOURS.second), 235 * Math.abs(value)], 4 * position);
  });
  small.getContext("2d").putImageData(pixels, 0, 0);
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.filter = "grayscale(1)";
  context.drawImage(photo, 0, 0, SIDE, SIDE);
  context.filter = "none";
  context.drawImage(small, 0, 0, SIDE, SIDE);
  return canvas;
}

function percent(value, digits = 0) {
  return value === null ? "none" : `${value.toFixed(digits)}%`;
}

function measured(map) {
  if (map.defect) return `not counted: ${map.defect.replace("_", " ")} map`;
  return `agreement ${percent(map.agreement, 1)}, drop ${percent(map.drop === null ? null : 100 * map.drop, 1)}`;
}

// One method: three canvases and the numbers.
function row(label, map, sight, photo) {
  const values = Array.from(bytes(map.values), (value) => value / 255);
  const half = values.length / 2;
  const [first, second] = [values.slice(0, half), values.slice(half)];
  const parts = [
    [`top 1: ${sight.said[0][0]}`, first],
    [`top 2: ${sight.said[1][0]}`, second.map((value) => -value)],
    ["difference", first.map((value, position) => value - second[position])],
  ];
  const drawn = parts.map(([name, strengths]) =>
    element("div", {}, paint(photo, strengths, map.size, `${label}, ${name}`), element("small", { textContent: name })));
  return element("figure", { className: "maps" },
    element("figcaption", {}, element("b", { textContent: label }), ` ${measured(map)}`),
    element("div", { className: "canvases" }, ...drawn));
}

async function view(root) {
  const data = await unpack(root.querySelector("script.packed"));
  const [model, filter, order, image] = ["model", "filter", "order", "image"].map((name) => root.querySelector(`select.${name}`));
  model.append(...data.models.map(({ label }, position) => new Option(label, position)));
  const boxes = data.methods.map((label, position) => {
    const box = element("input", { type: "checkbox", value: position, checked: position < 4 });
    root.querySelector(".methods").append(element("label", {}, box, ` ${label}`));
    return box;
  });
  const chosen = () => boxes.filter((box) => box.checked).map((box) => Number(box.value));
  const sights = () => data.models[model.value].sights;
  const maps = (position) => chosen().map((method) => sights()[position].maps[method]).filter((map) => map);

  const keeps = {
    all: () => true,
    wrong: (position) => !sights()[position].correct,
    right: (position) => sights()[position].correct,
    empty: (position) => maps(position).some((map) => map.defect),
  };
  const agreements = (position) => maps(position).map((map) => map.agreement).filter((value) => value !== null);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const scores = {
    low: (position) => mean(agreements(position)),
    high: (position) => -mean(agreements(position)),
    apart: (position) => Math.min(...agreements(position)) - Math.max(...agreements(position)),
  };

  function list() {
    const kept = data.images.map((_, position) => position).filter(keeps[filter.value]);
    const score = scores[order.value];
    if (score) {
      const of = (position) => (agreements(position).length ? score(position) : Infinity);
      kept.sort((a, b) => of(a) - of(b) || a - b);
    }
    const before = image.value;
    image.replaceChildren(...kept.map((position) => new Option(`${data.labels[position]} (${data.images[position]})`, position)));
    if (kept.includes(Number(before)) && before !== "" && !score) image.value = before;
    return show();
  }

  let latest = 0;
  async function show() {
    const turn = ++latest;
    root.setAttribute("aria-busy", "true");
    const told = root.querySelector(".told");
    const place = root.querySelector(".shown");
    if (image.value === "") {
      told.textContent = data.none[filter.value];
      place.replaceChildren();
      root.setAttribute("aria-busy", "false");
      return;
    }
    const position = Number(image.value);
    const sight = sights()[position];
    const photo = new Image();
    photo.src = `data:image/jpeg;base64,${sight.photo}`;
    await photo.decode();
    if (turn !== latest) return;
    const [first, second] = sight.said.map(([name, probability]) => `${name} (${probability.toFixed(2)})`);
    told.textContent = `Image ${image.selectedIndex + 1} of ${image.options.length}: ${data.labels[position]}. `
      + `${data.models[model.value].label} says ${first}, then ${second}: ${sight.correct ? "right" : "wrong, and not counted"}. `
      + `Drop: ${data.drop}.`;
    photo.alt = data.labels[position];
    place.replaceChildren(
      element("figure", { className: "photo" }, photo, element("figcaption", { textContent: "as the network sees it" })),
      ...chosen().filter((method) => sight.maps[method]).map((method) => row(data.methods[method], sight.maps[method], sight, photo)));
    root.setAttribute("aria-busy", "false");
  }

  function step(by) {
    const count = image.options.length;
    if (!count) return;
    image.selectedIndex = (image.selectedIndex + by + count) % count;
    show();
  }

  for (const control of [model, filter, order]) control.addEventListener("change", list);
  boxes.forEach((box) => box.addEventListener("change", list));
  image.addEventListener("change", show);
  root.querySelector(".previous").addEventListener("click", () => step(-1));
  root.querySelector(".next").addEventListener("click", () => step(1));
  await list();
  root.dataset.ready = "yes";
}

document.querySelectorAll(".gallery").forEach(view);
