//! Products of small matrices, read where they are: packing (see [`gemm`](super::gemm)) would take longer than the product.

use pulp::{Simd, WithSimd};

use super::gemm::Matrix;
use super::simd;

/// Rows of one tile of the result.
const ROWS: usize = 4;
/// Registers of neighbouring columns of one tile.
const VECTORS: usize = 2;
/// How much of the inner dimension is walked at once, so that what a tile reads stays in the first-level cache.
const K_BLOCK: usize = 128;
/// The most multiplications for which packing does not pay; measured at the linear layers of small networks.
const MOST_PRODUCTS: usize = 1 << 21;

/// Whether a product is small, with enough columns for a tile.
pub(super) const fn is_small([m, n, k]: [usize; 3], b: Matrix<'_>) -> bool {
    m * n * k <= MOST_PRODUCTS && if b.is_by_rows() { n >= VECTORS * 8 } else { b.is_by_columns() && k >= 32 }
}

/// `c[m, n] += a[m, k] · b[k, n]`; `c` is stored by rows, `b` by rows or by columns, and a `b` by columns needs an `a` by
/// rows.
pub(super) fn add_product([m, n, k]: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32]) {
    if b.is_by_rows() {
        simd::run(ByRows { sizes: [m, n, k], a, b, c });
    } else {
        simd::run(ByColumns { sizes: [m, n, k], a, b, c });
    }
}

/// Columns of the result side by side in a register.
struct ByRows<'a> {
    sizes: [usize; 3],
    a: Matrix<'a>,
    b: Matrix<'a>,
    c: &'a mut [f32],
}

impl WithSimd for ByRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes: [m, n, k], a, b, c } = self;
        let columns = VECTORS * S::F32_LANES;
        for k_start in (0..k).step_by(K_BLOCK) {
            let ks = k_start..(k_start + K_BLOCK).min(k);
            let mut column = 0;
            while column + columns <= n {
                for row in (0..m).step_by(ROWS) {
                    let c = &mut c[row * n + column..];
                    match m - row {
                        1 => add_tile::<S, 1>(simd, ks.clone(), a, row, b, column, c, n),
                        2 => add_tile::<S, 2>(simd, ks.clone(), a, row, b, column, c, n),
                        3 => add_tile::<S, 3>(simd, ks.clone(), a, row, b, column, c, n),
                        _ => add_tile::<S, ROWS>(simd, ks.clone(), a, row, b, column, c, n),
                    }
                }
                column += columns;
            }
            for row in 0..m {
                for column in column..n {
                    c[row * n + column] += ks.clone().map(|k| a.at(row, k) * b.at(k, column)).sum::<f32>();
                }
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "a product's operands")]
#[inline(always)]
fn add_tile<S: Simd, const ROWS: usize>(
    simd: S,
    ks: std::ops::Range<usize>,
    a: Matrix<'_>,
    row: usize,
    b: Matrix<'_>,
    column: usize,
    c: &mut [f32],
    n: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for k in ks {
        let values = S::as_simd_f32s(&b.row(k)[column..][..VECTORS * S::F32_LANES]).0;
        let values: [S::f32s; VECTORS] = [values[0], values[1]];
        for (row_idx, sums) in sums.iter_mut().enumerate() {
            let factor = simd.splat_f32s(a.at(row + row_idx, k));
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_e_f32s(factor, value, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let cells = S::as_mut_simd_f32s(&mut c[row * n..][..VECTORS * S::F32_LANES]).0;
        for (cell, sum) in cells.iter_mut().zip(sums) {
            *cell = simd.add_f32s(*cell, *sum);
        }
    }
}

/// Every number of the result is a dot product of two runs of memory.
struct ByColumns<'a> {
    sizes: [usize; 3],
    a: Matrix<'a>,
    b: Matrix<'a>,
    c: &'a mut [f32],
}

impl WithSimd for ByColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes: [m, n, k], a, b, c } = self;
        for row in (0..m).step_by(2) {
            // Past the last row, it is computed again and stored to the same place.
            let rows = [row, (row + 1).min(m - 1)];
            for column in (0..n).step_by(ROWS) {
                let columns: [usize; ROWS] = std::array::from_fn(|idx| (column + idx).min(n - 1));
                let sums = dots(
                    simd,
                    rows.map(|row| &a.row(row)[..k]),
                    columns.map(|column| &b.column(column)[..k]),
                );
                for (idx, &row) in rows.iter().enumerate().take(m - row) {
                    for (sum, &column) in sums[idx].iter().zip(&columns).take(n - column) {
                        c[row * n + column] += sum;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn dots<S: Simd>(simd: S, a: [&[f32]; 2], b: [&[f32]; ROWS]) -> [[f32; ROWS]; 2] {
    let mut sums = [[simd.splat_f32s(0.0); ROWS]; 2];
    let ([(a0, a0_rest), (a1, a1_rest)], b_parts) = (a.map(S::as_simd_f32s), b.map(S::as_simd_f32s));
    let [(b0, _), (b1, _), (b2, _), (b3, _)] = b_parts;
    for (((((&a0, &a1), &b0), &b1), &b2), &b3) in a0.iter().zip(a1).zip(b0).zip(b1).zip(b2).zip(b3) {
        for (sums, a) in sums.iter_mut().zip([a0, a1]) {
            for (sum, b) in sums.iter_mut().zip([b0, b1, b2, b3]) {
                *sum = simd.mul_add_e_f32s(a, b, *sum);
            }
        }
    }
    let rests = [a0_rest, a1_rest];
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let rest: f32 = rests[row].iter().zip(b_parts[column].1).map(|(a, b)| a * b).sum();
            simd.reduce_sum_f32s(sums[row][column]) + rest
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn small_products_agree_with_the_definition() {
        let mut stream = Stream::new(0, Purpose::Test, 0);
        for [m, n, k] in [[1, 16, 1], [10, 784, 64], [64, 10, 784], [7, 33, 130], [3, 17, 37], [2, 1, 32]] {
            let mut numbers =
                |len: usize| (0..len).map(|_| stream.uniform_in(-1.0, 1.0)).collect::<Vec<f32>>();
            let (a, b, start) = (numbers(m * k), numbers(k * n), numbers(m * n));
            for (a_transposed, b_transposed) in [(false, false), (true, false), (false, true)] {
                let a = Matrix::new(&a, if a_transposed { m } else { k }, a_transposed);
                let b = Matrix::new(&b, if b_transposed { k } else { n }, b_transposed);
                let mut c = start.clone();
                add_product([m, n, k], a, b, &mut c);
                for row in 0..m {
                    for column in 0..n {
                        let product: f32 = (0..k).map(|k| a.at(row, k) * b.at(k, column)).sum();
                        let expected = start[row * n + column] + product;
                        // A sum of at most a thousand products below 1, in another order.
                        assert!((c[row * n + column] - expected).abs() < 1e-4, "{m} {n} {k} {row} {column}");
                    }
                }
            }
        }
    }
}
