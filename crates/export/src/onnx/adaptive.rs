//! Adaptive average pooling, which ONNX has no operator for.

use super::graph::Builder;
use super::layer::window;
use super::proto::AttributeProto;

/// Adds the nodes that average `[height, width]` down, or up, to `[out_height, out_width]`: a global average, windows of
/// one size where they are, else two matrix products, because the average over a rectangle is linear in its rows and in its
/// columns.
pub fn record(
    builder: &mut Builder,
    (input_size, output_size): ([usize; 2], [usize; 2]),
    name: &str,
    input: &str,
    output: &str,
) {
    let node_name = format!("{name}.AdaptiveAvgPool2d");
    if output_size == [1, 1] {
        return builder.node("GlobalAveragePool", &node_name, &[input], output, Vec::new());
    }
    let [height, width] = input_size;
    let [out_height, out_width] = output_size;
    if height.is_multiple_of(out_height) && width.is_multiple_of(out_width) {
        let kernel = [height / out_height, width / out_width].into();
        let mut attributes = window(kernel, kernel, 0.into());
        attributes.push(AttributeProto::int("count_include_pad", 1));
        return builder.node("AveragePool", &node_name, &[input], output, attributes);
    }
    // [out_height, height] · [batch, channels, height, width] · [width, out_width]
    let (rows, columns) = (format!("{name}.rows"), format!("{name}.columns"));
    builder.constant(&rows, &[out_height, height], &averages(height, out_height));
    builder.constant(&columns, &[width, out_width], &transposed(&averages(width, out_width), width));
    let narrowed = format!("{name}.narrowed");
    builder.node("MatMul", &format!("{node_name}.columns"), &[input, &columns], &narrowed, Vec::new());
    builder.node("MatMul", &format!("{node_name}.rows"), &[&rows, &narrowed], output, Vec::new());
}

/// The matrix `[output, input]` whose product with `input` numbers is their means over PyTorch's windows, from
/// `⌊i · input / output⌋` to before `⌈(i + 1) · input / output⌉`.
fn averages(input: usize, output: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; output * input];
    for (i, row) in matrix.chunks_exact_mut(input).enumerate() {
        let window = i * input / output..((i + 1) * input).div_ceil(output);
        let share = 1.0 / window.len() as f32;
        row[window].fill(share);
    }
    matrix
}

fn transposed(matrix: &[f32], n_columns: usize) -> Vec<f32> {
    let column = |column_idx: usize| matrix.iter().skip(column_idx).step_by(n_columns).copied();
    (0..n_columns).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_where_the_sizes_do_not_divide() {
        let third = 1.0 / 3.0;
        assert_eq!(averages(5, 2), [third, third, third, 0.0, 0.0, 0.0, 0.0, third, third, third]);
    }

    #[test]
    fn a_larger_output_repeats_its_input() {
        assert_eq!(averages(2, 3), [1.0, 0.0, 0.5, 0.5, 0.0, 1.0]);
    }

    #[test]
    fn a_transposed_matrix_has_its_columns_as_rows() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
