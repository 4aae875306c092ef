//! The transforms of F(4×4, 3×3): the interpolation points are 0, ±A, ±B and infinity. The matrices' numbers differ less in
//! size than with the usual points 0, ±1, ±2, which loses fewer digits.

use pulp::Simd;

/// Points whose product is 1.
const A: f32 = std::f32::consts::FRAC_1_SQRT_2;
const B: f32 = std::f32::consts::SQRT_2;
const A2: f32 = A * A;
const B2: f32 = B * B;

/// What a tile sees along one axis.
pub(super) const SEEN: usize = 6;
/// What it gives.
pub(super) const GIVEN: usize = 4;

/// `[Bᵀ d]`: six numbers that a tile sees, as values of polynomials.
#[inline(always)]
pub(super) fn input<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 6] {
    let number = |number: f32| simd.splat_f32s(number);
    let add = |a, b| simd.add_f32s(a, b);
    let sub = |a, b| simd.sub_f32s(a, b);
    let fma = |factor: f32, a, b| simd.mul_add_e_f32s(number(factor), a, b);
    let even = |factor: f32| fma(-factor, x[2], x[4]);
    let odd = |factor: f32, point: f32| simd.mul_f32s(number(point), fma(-factor, x[1], x[3]));
    let (even_a, odd_a) = (even(B2), odd(B2, A));
    let (even_b, odd_b) = (even(A2), odd(A2, B));
    [
        fma(A2 * B2, x[0], fma(-A2 - B2, x[2], x[4])),
        add(even_a, odd_a),
        sub(even_a, odd_a),
        add(even_b, odd_b),
        sub(even_b, odd_b),
        fma(A2 * B2, x[1], fma(-A2 - B2, x[3], x[5])),
    ]
}

/// `[Aᵀ m]`: four results from six values.
#[inline(always)]
pub(super) fn output<S: Simd>(simd: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
    let number = |number: f32| simd.splat_f32s(number);
    let add = |a, b| simd.add_f32s(a, b);
    let fma = |factor: f32, a, b| simd.mul_add_e_f32s(number(factor), a, b);
    let mul = |factor: f32, a| simd.mul_f32s(number(factor), a);
    let (even_a, odd_a) = (add(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (even_b, odd_b) = (add(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        add(m[0], add(even_a, even_b)),
        fma(A, odd_a, mul(B, odd_b)),
        fma(A2, even_a, mul(B2, even_b)),
        fma(A2 * A, odd_a, fma(B2 * B, odd_b, m[5])),
    ]
}

/// `[A g]`: the opposite of [`output`], of four gradients.
#[inline(always)]
pub(super) fn output_grad<S: Simd>(simd: S, g: [S::f32s; 4]) -> [S::f32s; 6] {
    let number = |number: f32| simd.splat_f32s(number);
    let fma = |factor: f32, a, b| simd.mul_add_e_f32s(number(factor), a, b);
    let even = |square: f32| fma(square, g[2], g[0]);
    let odd = |point: f32| simd.mul_f32s(number(point), fma(point * point, g[3], g[1]));
    let (even_a, odd_a, even_b, odd_b) = (even(A2), odd(A), even(B2), odd(B));
    let (add, sub) = (|a, b| simd.add_f32s(a, b), |a, b| simd.sub_f32s(a, b));
    [g[0], add(even_a, odd_a), sub(even_a, odd_a), add(even_b, odd_b), sub(even_b, odd_b), g[3]]
}

/// The factors `1 / Π (point − other point)` of the points 0, ±A and ±B.
const AT_0: f32 = 1.0 / (A2 * B2);
const AT_A: f32 = 1.0 / (2.0 * A2 * (A2 - B2));
const AT_B: f32 = 1.0 / (2.0 * B2 * (B2 - A2));

/// `[G w]`: a row of a kernel as values of a polynomial.
#[inline(always)]
pub(super) fn weight<S: Simd>(simd: S, w: [S::f32s; 3]) -> [S::f32s; 6] {
    let number = |number: f32| simd.splat_f32s(number);
    let mul = |factor: f32, a| simd.mul_f32s(number(factor), a);
    let fma = |factor: f32, a, b| simd.mul_add_e_f32s(number(factor), a, b);
    let (add, sub) = (|a, b| simd.add_f32s(a, b), |a, b| simd.sub_f32s(a, b));
    let (even_a, odd_a) = (fma(AT_A, w[0], mul(AT_A * A2, w[2])), mul(AT_A * A, w[1]));
    let (even_b, odd_b) = (fma(AT_B, w[0], mul(AT_B * B2, w[2])), mul(AT_B * B, w[1]));
    [mul(AT_0, w[0]), add(even_a, odd_a), sub(even_a, odd_a), add(even_b, odd_b), sub(even_b, odd_b), w[2]]
}

/// `[Gᵀ s]`: the opposite of [`weight`], of six gradients.
#[inline(always)]
pub(super) fn weight_grad<S: Simd>(simd: S, s: [S::f32s; 6]) -> [S::f32s; 3] {
    let number = |number: f32| simd.splat_f32s(number);
    let mul = |factor: f32, a| simd.mul_f32s(number(factor), a);
    let fma = |factor: f32, a, b| simd.mul_add_e_f32s(number(factor), a, b);
    let (add, sub) = (|a, b| simd.add_f32s(a, b), |a, b| simd.sub_f32s(a, b));
    let (even_a, odd_a) = (mul(AT_A, add(s[1], s[2])), mul(AT_A * A, sub(s[1], s[2])));
    let (even_b, odd_b) = (mul(AT_B, add(s[3], s[4])), mul(AT_B * B, sub(s[3], s[4])));
    [fma(AT_0, s[0], add(even_a, even_b)), add(odd_a, odd_b), fma(A2, even_a, fma(B2, even_b, s[5]))]
}
