// Medians and ratios as Markdown.

/** @param {object} result what bench.json holds */
export function markdown({ date, processor, browser, quick, missing, cells }) {
  const columns = unique(cells.map(({ network, batch }) => `${network.toUpperCase()}/${batch}`));
  const rows = unique(cells.map(({ row }) => row));
  const cellOf = (row, column) =>
    cells.find((cell) => cell.row === row && `${cell.network.toUpperCase()}/${cell.batch}` === column);
  const reference = rows.find((row) => row === 'Receptive, WebAssembly') ?? rows[0];
  const table = (value) =>
    [
      `| | ${columns.join(' | ')} |`,
      `| --- | ${columns.map(() => '---:').join(' | ')} |`,
      ...rows.map((row) => `| ${row} | ${columns.map((column) => value(cellOf(row, column), column)).join(' | ')} |`),
    ].join('\n');
  const millis = (cell) => {
    if (cell === undefined) {
      return '–';
    }
    return cell.median_millis === null ? cell.error : number(cell.median_millis);
  };
  const ratio = (cell, column) => {
    const own = cellOf(reference, column)?.median_millis;
    return cell?.median_millis && own ? `${number(cell.median_millis / own)}×` : '–';
  };
  const engine = cells.filter((cell) => cell.median_engine_millis);
  const engineNote = engine
    .map((cell) => `${cell.row} ${cell.network.toUpperCase()}/${cell.batch}: ${number(cell.median_engine_millis)}`)
    .join('; ');
  return [
    `Milliseconds a training step, median, ${date}; ${processor}; ${browser}. Networks and optimisers are the presets S, F and L; the`,
    'loss is read back. Receptive is the whole page, which draws meanwhile; the others are bare pages.',
    ...(quick ? ['**A quick run: these numbers are for trying the benchmark out, not for quoting.**'] : []),
    '',
    table(millis),
    '',
    `The same as multiples of “${reference}”:`,
    '',
    table(ratio),
    '',
    ...(engineNote ? [`Receptive's engine alone, without the page around it, milliseconds: ${engineNote}.`, ''] : []),
    ...missing,
    '',
  ].join('\n');
}

function unique(values) {
  return [...new Set(values)];
}

function number(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
