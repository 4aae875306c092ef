//! Matrix products: the right operand is packed into panels, the left one too where its rows are not runs of memory, and a
//! tile of the result is kept in registers while the inner dimension is walked once (Goto and van de Geijn, "Anatomy of
//! High-Performance Matrix Multiplication", 2008).

use pulp::{Simd, WithSimd};

use super::{products, simd};

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

    const fn transposed(self) -> Self {
        Self { data: self.data, row_stride: self.column_stride, column_stride: self.row_stride }
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

/// Registers of neighbouring columns of one tile.
const VECTORS: usize = 2;
/// How much of the inner dimension is packed at once: a panel of each operand stays in the first-level cache.
const K_BLOCK: usize = 256;
/// Rows of `a` packed at once.
const M_BLOCK: usize = 96;
/// Columns of `b` packed at once.
const N_BLOCK: usize = 1024;

/// Up to so much of the inner dimension tiles follow each other along the rows of the result: to write it then takes the
/// longer part. For the gradient of preset L's first linear layer, 512×3136×64, a page takes 6.8 ms so, and 8.5 otherwise.
const SHORT: usize = 64;

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
    let is_flat = b.is_by_columns() && a.is_by_rows() && m <= n;
    // The larger operand is then read where it is, as the left one.
    let (sizes, a, b, strides) =
        if is_flat { ([n, m, k], b.transposed(), a.transposed(), [1, n]) } else { ([m, n, k], a, b, [n, 1]) };
    let c = Target { data: c, strides };
    simd::run(Blocked { sizes, a, b, c, accumulate, packed });
}

/// Where the result is written: row `i`, column `j` at `i·strides[0] + j·strides[1]`, one of which is 1.
struct Target<'a> {
    data: &'a mut [f32],
    strides: [usize; 2],
}

/// A product of panels.
struct Blocked<'a> {
    sizes: [usize; 3],
    a: Matrix<'a>,
    b: Matrix<'a>,
    c: Target<'a>,
    accumulate: bool,
    packed: &'a mut Packed,
}

impl WithSimd for Blocked<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // More than these do not fit into sixteen registers, where a product of its own needs one too.
        if S::F32_LANES == 4 { self.multiply::<S, 4>(simd) } else { self.multiply::<S, 6>(simd) }
    }
}

impl Blocked<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize>(self, simd: S) {
        let Self { sizes: [m, n, k], a, b, mut c, accumulate, packed } = self;
        let columns = VECTORS * S::F32_LANES;
        if k == 0 && !accumulate {
            c.data[..m * n].fill(0.0);
        }
        for k_start in (0..k).step_by(K_BLOCK) {
            let k_len = K_BLOCK.min(k - k_start);
            let add = accumulate || k_start > 0;
            for n_start in (0..n).step_by(N_BLOCK) {
                let n_len = N_BLOCK.min(n - n_start);
                pack_columns(b, columns, k_start, k_len, n_start, n_len, &mut packed.b);
                for m_start in (0..m).step_by(M_BLOCK) {
                    let m_len = M_BLOCK.min(m - m_start);
                    if !a.is_by_rows() {
                        pack_columns(a.transposed(), ROWS, k_start, k_len, m_start, m_len, &mut packed.a);
                    }
                    let (n_row_panels, n_column_panels) = (m_len.div_ceil(ROWS), n_len.div_ceil(columns));
                    for idx in 0..n_row_panels * n_column_panels {
                        // Where there is little to add up, writing takes long, and goes along the rows.
                        let (row_panel, column_panel) = if k_len <= SHORT {
                            (idx / n_column_panels, idx % n_column_panels)
                        } else {
                            (idx % n_row_panels, idx / n_row_panels)
                        };
                        let (row, column) = (row_panel * ROWS, column_panel * columns);
                        let b_panel = &packed.b[column_panel * k_len * columns..][..k_len * columns];
                        let b_panel = S::as_simd_f32s(b_panel).0.as_chunks().0;
                        let n_rows = ROWS.min(m_len - row);
                        let tile = if a.is_by_rows() {
                            // Past the last row, it is computed again.
                            let row = |idx: usize| &a.row(m_start + (row + idx).min(m_len - 1))[k_start..];
                            tile_of_rows::<S, ROWS>(simd, std::array::from_fn(row), b_panel)
                        } else {
                            let a_panel = &packed.a.as_chunks().0[row_panel * k_len..][..k_len];
                            tile_of_panel::<S, ROWS>(simd, a_panel, b_panel)
                        };
                        let n_columns = columns.min(n_len - column);
                        let tile = tile.each_ref().map(|sums| bytemuck::cast_slice(sums));
                        store(&tile[..n_rows], &mut c, [m_start + row, n_start + column], n_columns, add);
                    }
                }
            }
        }
    }
}

type Tile<S, const ROWS: usize> = [[<S as Simd>::f32s; VECTORS]; ROWS];

/// One tile of the result, `Σ a[k] ⊗ b[k]` in registers, of rows of `a` where they lie.
#[inline(always)]
fn tile_of_rows<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    b_panel: &[[S::f32s; VECTORS]],
) -> Tile<S, ROWS> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    // All as long as the panel, and indexed alike, so that the loop checks no index.
    let k_len = b_panel.len();
    let rows = rows.map(|row| &row[..k_len]);
    for k in 0..k_len {
        add_outer(simd, rows.map(|row| row[k]), &b_panel[k], &mut sums);
    }
    sums
}

/// The same of a packed panel of `a`.
#[inline(always)]
fn tile_of_panel<S: Simd, const ROWS: usize>(
    simd: S,
    a_panel: &[[f32; ROWS]],
    b_panel: &[[S::f32s; VECTORS]],
) -> Tile<S, ROWS> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (a, b) in a_panel.iter().zip(b_panel) {
        add_outer(simd, *a, b, &mut sums);
    }
    sums
}

#[inline(always)]
fn add_outer<S: Simd, const ROWS: usize>(
    simd: S,
    a: [f32; ROWS],
    b: &[S::f32s; VECTORS],
    sums: &mut Tile<S, ROWS>,
) {
    for (sums, a) in sums.iter_mut().zip(a) {
        let a = simd.splat_f32s(a);
        for (sum, &b) in sums.iter_mut().zip(b) {
            *sum = simd.mul_add_e_f32s(a, b, *sum);
        }
    }
}

/// Writes a tile's rows.
#[inline(always)]
fn store(tile: &[&[f32]], c: &mut Target<'_>, [row, column]: [usize; 2], n_columns: usize, add: bool) {
    let [row_stride, column_stride] = c.strides;
    for (idx, sums) in tile.iter().enumerate() {
        let sums = &sums[..n_columns];
        let out = &mut c.data[(row + idx) * row_stride + column * column_stride..];
        if column_stride == 1 {
            let out = &mut out[..n_columns];
            if add {
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out += sum;
                }
            } else {
                out.copy_from_slice(sums);
            }
        } else {
            for (out, sum) in out.iter_mut().step_by(column_stride).zip(sums) {
                *out = if add { *out + sum } else { *sum };
            }
        }
    }
}

/// Panels of so many columns, each stored row after row, the last one filled up with zeros.
#[inline(always)]
fn pack_columns(
    b: Matrix<'_>,
    columns: usize,
    k_start: usize,
    k_len: usize,
    n_start: usize,
    n_len: usize,
    packed: &mut Vec<f32>,
) {
    let needed = n_len.next_multiple_of(columns) * k_len;
    if packed.len() < needed {
        packed.resize(needed, 0.0);
    }
    for (panel, column) in (0..n_len).step_by(columns).enumerate() {
        let n_columns = columns.min(n_len - column);
        let panel = &mut packed[panel * k_len * columns..][..k_len * columns];
        let first = k_start * b.row_stride + (n_start + column) * b.column_stride;
        if b.column_stride == 1 && n_columns == columns {
            for (row, to) in panel.chunks_exact_mut(columns).enumerate() {
                to.copy_from_slice(&b.data[first + row * b.row_stride..][..columns]);
            }
            continue;
        }
        if n_columns < columns {
            panel.fill(0.0);
        }
        for column in 0..n_columns {
            let from = b.data[first + column * b.column_stride..].iter().step_by(b.row_stride);
            for (to, from) in panel[column..].iter_mut().step_by(columns).zip(from) {
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
                let blocked = Blocked {
                    sizes: [m, n, k],
                    a: left,
                    b: right,
                    c: Target { data: &mut plain, strides: [n, 1] },
                    accumulate: true,
                    packed: &mut Packed::default(),
                };
                blocked.multiply::<_, 4>(pulp::Scalar::new());
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
