//! Maps lie one after another; kernels that keep neighbouring channels in a register want them side by side.

/// Maps that are taken together.
pub(super) const LANES: usize = 4;

/// A register's numbers, whatever their type: they are moved only.
#[inline(always)]
pub(super) fn numbers<T: bytemuck::NoUninit>(register: &T) -> &[f32] {
    bytemuck::cast_slice(std::slice::from_ref(register))
}

type Block = [[f32; LANES]; LANES];

/// `cells[x · step + lane] = value(rows[lane][x], gates[lane][x])`.
#[inline(always)]
pub(super) fn write(
    rows: [&[f32]; LANES],
    gates: [&[f32]; LANES],
    value: impl Fn(f32, f32) -> f32,
    cells: &mut [f32],
    step: usize,
) {
    let n = rows[0].len();
    let ([a, b, c, d], [e, f, g, h]) = (rows, gates);
    let block = |row: &[f32], gate: &[f32], x: usize| {
        let (row, gate) = (&row[x..x + LANES], &gate[x..x + LANES]);
        [value(row[0], gate[0]), value(row[1], gate[1]), value(row[2], gate[2]), value(row[3], gate[3])]
    };
    let whole = n / LANES * LANES;
    for x in (0..whole).step_by(LANES) {
        let turned = turn([block(a, e, x), block(b, f, x), block(c, g, x), block(d, h, x)]);
        for (idx, cell) in turned.iter().enumerate() {
            cells[(x + idx) * step..][..LANES].copy_from_slice(cell);
        }
    }
    for x in whole..n {
        for lane in 0..LANES {
            cells[x * step + lane] = value(rows[lane][x], gates[lane][x]);
        }
    }
}

/// The opposite, of as many positions as maps are taken together: `maps[lane · step + x] = cells[x][lane]`.
#[inline(always)]
pub(super) fn read(cells: [&[f32]; LANES], maps: &mut [f32], step: usize) {
    let n = cells[0].len();
    let [a, b, c, d] = cells.map(|cell| &cell[..n]);
    let whole = n / LANES * LANES;
    for first in (0..whole).step_by(LANES) {
        let block = |cell: &[f32]| {
            let cell = &cell[first..first + LANES];
            [cell[0], cell[1], cell[2], cell[3]]
        };
        for (idx, row) in turn([block(a), block(b), block(c), block(d)]).iter().enumerate() {
            maps[(first + idx) * step..][..LANES].copy_from_slice(row);
        }
    }
    for lane in whole..n {
        maps[lane * step..][..LANES].copy_from_slice(&[a[lane], b[lane], c[lane], d[lane]]);
    }
}

/// The transposed block.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
const fn turn([a, b, c, d]: Block) -> Block {
    [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]], [a[2], b[2], c[2], d[2]], [a[3], b[3], c[3], d[3]]]
}

/// The same by shuffles, which the compiler does not find for a page by itself: the gradient of preset L's third convolution
/// with respect to its input takes 8.7 ms so, and 9.5 number by number.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
fn turn(block: Block) -> Block {
    use core::arch::wasm32::{f32x4, f32x4_extract_lane, i32x4_shuffle, v128};
    let vector = |[a, b, c, d]: [f32; LANES]| f32x4(a, b, c, d);
    let numbers = |vector: v128| {
        [
            f32x4_extract_lane::<0>(vector),
            f32x4_extract_lane::<1>(vector),
            f32x4_extract_lane::<2>(vector),
            f32x4_extract_lane::<3>(vector),
        ]
    };
    let [a, b, c, d] = [vector(block[0]), vector(block[1]), vector(block[2]), vector(block[3])];
    let (ab_low, ab_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
    let (cd_low, cd_high) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    [
        numbers(i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low)),
        numbers(i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low)),
        numbers(i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high)),
        numbers(i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high)),
    ]
}
