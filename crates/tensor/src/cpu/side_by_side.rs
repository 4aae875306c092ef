//! Maps lie one after another; kernels that keep neighbouring channels in a register want them side by side.

/// Maps that are taken together.
pub(super) const LANES: usize = 4;

/// `cells[x · step + lane] = value(rows[lane][x], gates[lane][x])`.
#[inline(always)]
pub(super) fn write(
    rows: [&[f32]; LANES],
    gates: [&[f32]; LANES],
    value: impl Fn(f32, f32) -> f32,
    cells: &mut [f32],
    step: usize,
) {
    for lane in 0..LANES {
        let cells = cells[lane..].iter_mut().step_by(step);
        for ((cell, &number), &gate) in cells.zip(rows[lane]).zip(gates[lane]) {
            *cell = value(number, gate);
        }
    }
}

/// The opposite, of as many positions as maps are taken together: `maps[lane · step + x] = cells[x][lane]`.
#[inline(always)]
pub(super) fn read(cells: [&[f32]; LANES], maps: &mut [f32], step: usize) {
    let n = cells[0].len();
    let cells = cells.map(|cell| &cell[..n]);
    for lane in 0..n {
        let row = [cells[0][lane], cells[1][lane], cells[2][lane], cells[3][lane]];
        maps[lane * step..][..LANES].copy_from_slice(&row);
    }
}
