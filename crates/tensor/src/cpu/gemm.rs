//! Matrix products: both operands are packed into panels, and a tile of the result is kept in registers while the inner
//! dimension is walked once (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).

use super::products;

/// A matrix whose rows and columns lie at any distance.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix stored by rows of `row_len`, or the transpose of one.
    pub(super) const fn new(data: &'a [f32], row_len: usize, transposed: bool) -> Self {
        let (row_stride, column_stride) = if transposed { (1, row_len) } else { (row_len, 1) };
        Self { data, row_stride, column_stride }
    }

    /// Whether neighbours of a row are neighbours in memory.
    pub(super) const fn is_by_rows(&self) -> bool {
        self.column_stride == 1
    }

    /// Whether neighbours of a column are neighbours in memory.
    pub(super) const fn is_by_columns(&self) -> bool {
        self.row_stride == 1
    }

    #[inline(always)]
    pub(super) const fn at(&self, row: usize, column: usize) -> f32 {
        self.data[row * self.row_stride + column * self.column_stride]
    }

    /// What lies from a row's start on.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [f32] {
        &self.data[row * self.row_stride..]
    }

    /// What lies from a column's start on.
    #[inline(always)]
    pub(super) fn column(&self, column: usize) -> &'a [f32] {
        &self.data[column * self.column_stride..]
    }
}

/// Panels of both operands; kept from call to call so that nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Packed {
    a: Vec<f32>,
    b: Vec<f32>,
}

/// How much of the inner dimension is packed at once: a panel of each operand stays in the first-level cache.
const K_BLOCK: usize = 256;
/// Rows of `a` packed at once.
const M_BLOCK: usize = 96;
/// Columns of `b` packed at once.
const N_BLOCK: usize = 1024;

/// `c[m, n] = a[m, k] · b[k, n]`, or `c +=` where it accumulates; `c` is stored by rows.
pub(super) fn gemm(
    [m, n, k]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: &mut [f32],
    accumulate: bool,
    packed: &mut Packed,
) {
    if products::is_small([m, n, k], b) && (b.is_by_rows() || a.is_by_rows()) {
        if !accumulate {
            c[..m * n].fill(0.0);
        }
        return products::add_product([m, n, k], a, b, c);
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor's features were checked just now")]
        // SAFETY: as the reason says.
        unsafe {
            return gemm_avx2([m, n, k], a, b, c, accumulate, packed);
        }
    }
    blocked::<4, 8, false>([m, n, k], a, b, c, accumulate, packed);
}

/// The same, compiled for 256-bit registers with fused multiply–add.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn gemm_avx2(
    sizes: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: &mut [f32],
    accumulate: bool,
    packed: &mut Packed,
) {
    blocked::<6, 16, true>(sizes, a, b, c, accumulate, packed);
}

#[inline(always)]
fn blocked<const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    [m, n, k]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: &mut [f32],
    accumulate: bool,
    packed: &mut Packed,
) {
    if k == 0 && !accumulate {
        c[..m * n].fill(0.0);
    }
    for k_start in (0..k).step_by(K_BLOCK) {
        let k_len = K_BLOCK.min(k - k_start);
        let add = accumulate || k_start > 0;
        for n_start in (0..n).step_by(N_BLOCK) {
            let n_len = N_BLOCK.min(n - n_start);
            pack_columns::<COLUMNS>(b, k_start, k_len, n_start, n_len, &mut packed.b);
            for m_start in (0..m).step_by(M_BLOCK) {
                let m_len = M_BLOCK.min(m - m_start);
                pack_rows::<ROWS>(a, m_start, m_len, k_start, k_len, &mut packed.a);
                for (column_panel, column) in (0..n_len).step_by(COLUMNS).enumerate() {
                    let b_panel = &packed.b[column_panel * k_len * COLUMNS..][..k_len * COLUMNS];
                    for (row_panel, row) in (0..m_len).step_by(ROWS).enumerate() {
                        let a_panel = &packed.a[row_panel * k_len * ROWS..][..k_len * ROWS];
                        let tile = tile::<ROWS, COLUMNS, FUSED>(a_panel, b_panel);
                        let n_rows = ROWS.min(m_len - row);
                        let n_columns = COLUMNS.min(n_len - column);
                        let first = (m_start + row) * n + n_start + column;
                        store(&tile, &mut c[first..], n, n_rows, n_columns, add);
                    }
                }
            }
        }
    }
}

/// One tile of the result: `Σ a[k] ⊗ b[k]`, in registers.
#[inline(always)]
fn tile<const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    a_panel: &[f32],
    b_panel: &[f32],
) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    for (a, b) in a_panel.as_chunks::<ROWS>().0.iter().zip(b_panel.as_chunks::<COLUMNS>().0) {
        for (sums, &a) in sums.iter_mut().zip(a) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum = if FUSED { a.mul_add(b, *sum) } else { *sum + a * b };
            }
        }
    }
    sums
}

#[inline(always)]
fn store<const ROWS: usize, const COLUMNS: usize>(
    tile: &[[f32; COLUMNS]; ROWS],
    c: &mut [f32],
    row_stride: usize,
    n_rows: usize,
    n_columns: usize,
    add: bool,
) {
    for (row, sums) in tile.iter().enumerate().take(n_rows) {
        let out = &mut c[row * row_stride..][..n_columns];
        if add {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out += sum;
            }
        } else {
            out.copy_from_slice(&sums[..n_columns]);
        }
    }
}

/// Panels of `ROWS` rows, each stored column after column, the last one filled up with zeros.
#[inline(always)]
fn pack_rows<const ROWS: usize>(
    a: Matrix<'_>,
    m_start: usize,
    m_len: usize,
    k_start: usize,
    k_len: usize,
    packed: &mut Vec<f32>,
) {
    let columns = Matrix { data: a.data, row_stride: a.column_stride, column_stride: a.row_stride };
    pack_columns::<ROWS>(columns, k_start, k_len, m_start, m_len, packed);
}

/// Panels of `COLUMNS` columns, each stored row after row, the last one filled up with zeros.
#[inline(always)]
fn pack_columns<const COLUMNS: usize>(
    b: Matrix<'_>,
    k_start: usize,
    k_len: usize,
    n_start: usize,
    n_len: usize,
    packed: &mut Vec<f32>,
) {
    let needed = n_len.next_multiple_of(COLUMNS) * k_len;
    if packed.len() < needed {
        packed.resize(needed, 0.0);
    }
    for (panel, column) in (0..n_len).step_by(COLUMNS).enumerate() {
        let n_columns = COLUMNS.min(n_len - column);
        let panel = &mut packed[panel * k_len * COLUMNS..][..k_len * COLUMNS];
        let first = k_start * b.row_stride + (n_start + column) * b.column_stride;
        if b.column_stride == 1 && n_columns == COLUMNS {
            for (row, to) in panel.as_chunks_mut::<COLUMNS>().0.iter_mut().enumerate() {
                to.copy_from_slice(&b.data[first + row * b.row_stride..][..COLUMNS]);
            }
            continue;
        }
        if n_columns < COLUMNS {
            panel.fill(0.0);
        }
        for column in 0..n_columns {
            let from = b.data[first + column * b.column_stride..].iter().step_by(b.row_stride);
            for (to, from) in panel[column..].iter_mut().step_by(COLUMNS).zip(from) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn products_of_any_size_and_layout_agree_with_the_plain_loop() {
        let mut stream = Stream::new(0, Purpose::Test, 1);
        for [m, n, k] in [
            [1, 1, 1],
            [5, 7, 3],
            [6, 16, 8],
            [17, 33, 300],
            [97, 5, 64],
            [3, 1030, 2],
            [2, 3, 0],
            [100, 170, 130],
        ] {
            for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
                let a: Vec<f32> = (0..m * k).map(|_| stream.uniform_in(-1.0, 1.0)).collect();
                let b: Vec<f32> = (0..k * n).map(|_| stream.uniform_in(-1.0, 1.0)).collect();
                let at = |i: usize, p: usize| if transpose_a { a[p * m + i] } else { a[i * k + p] };
                let bt = |p: usize, j: usize| if transpose_b { b[j * k + p] } else { b[p * n + j] };
                let left = Matrix::new(&a, if transpose_a { m } else { k }, transpose_a);
                let right = Matrix::new(&b, if transpose_b { k } else { n }, transpose_b);
                let mut c = vec![1.0; m * n];
                gemm([m, n, k], left, right, &mut c, true, &mut Packed::default());
                let mut plain = vec![1.0; m * n];
                blocked::<4, 8, false>([m, n, k], left, right, &mut plain, true, &mut Packed::default());
                for i in 0..m {
                    for j in 0..n {
                        let sum: f32 = 1.0 + (0..k).map(|p| at(i, p) * bt(p, j)).sum::<f32>();
                        // 300 products of numbers below 1, summed in another order.
                        assert!((c[i * n + j] - sum).abs() < 1e-4, "{m}×{n}×{k}");
                        assert!((plain[i * n + j] - sum).abs() < 1e-4, "{m}×{n}×{k}");
                    }
                }
            }
        }
    }
}
