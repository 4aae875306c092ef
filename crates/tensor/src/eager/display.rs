//! Tensors as PyTorch prints them: four digits, one width for all numbers, large ones summarised.

use std::fmt;

use super::Tensor;
use super::storage::Element;
use super::storage::on_elements;
use crate::graph::DType;

/// More elements than this are summarised.
const THRESHOLD: usize = 1000;
/// How many are shown at each end of a dimension that is.
const EDGE: usize = 3;
/// Characters in a line.
const LINE: usize = 80;
/// Where the numbers start: after `tensor(`.
const INDENT: usize = 7;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summarised = self.numel() > THRESHOLD;
        let style = Style::of(&self.shown_numbers(summarised), self.dtype());
        let body = if self.numel() == 0 {
            "[]".to_owned()
        } else {
            self.body(0, self.storage_offset(), INDENT, summarised, &style)
        };
        let mut text = format!("tensor({body}");
        let mut column = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
        for suffix in self.suffixes() {
            if column + suffix.len() + 3 > LINE {
                text.push_str(&format!(",\n{:INDENT$}{suffix}", ""));
                column = INDENT + suffix.len();
            } else {
                text.push_str(&format!(", {suffix}"));
                column += suffix.len() + 2;
            }
        }
        write!(f, "{text})")
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Tensor {
    fn suffixes(&self) -> Vec<String> {
        let mut suffixes = Vec::new();
        if self.numel() == 0 && self.rank() != 1 {
            let sizes: Vec<String> = self.shape().iter().map(usize::to_string).collect();
            suffixes.push(format!("size=({})", sizes.join(", ")));
        }
        match self.dtype() {
            DType::F32 => {}
            // Whole numbers and masks are known for what they are, unless there are none.
            DType::I64 | DType::Bool if self.numel() > 0 => {}
            DType::I64 => suffixes.push("dtype=torch.int64".into()),
            DType::Bool => suffixes.push("dtype=torch.bool".into()),
            DType::F16 => suffixes.push("dtype=torch.float16".into()),
            DType::U32 => suffixes.push("dtype=torch.uint32".into()),
            DType::U8 => suffixes.push("dtype=torch.uint8".into()),
        }
        match self.grad_fn() {
            Some(grad_fn) => suffixes.push(format!("grad_fn={grad_fn:?}")),
            None if self.requires_grad() => suffixes.push("requires_grad=True".into()),
            None => {}
        }
        suffixes
    }

    fn number(&self, position: usize) -> f64 {
        on_elements!(&*self.storage().data(), elements => elements[position].to_f64())
    }

    /// Which positions of a dimension are shown; none stands for those left out.
    fn shown(&self, dim: usize, summarised: bool) -> Vec<Option<usize>> {
        let size = self.shape()[dim];
        if summarised && size > 2 * EDGE {
            let first = (0..EDGE).map(Some);
            first.chain([None]).chain((size - EDGE..size).map(Some)).collect()
        } else {
            (0..size).map(Some).collect()
        }
    }

    fn shown_numbers(&self, summarised: bool) -> Vec<f64> {
        let mut starts = vec![self.storage_offset()];
        for dim in 0..self.rank() {
            let shown: Vec<usize> = self.shown(dim, summarised).into_iter().flatten().collect();
            let stride = self.strides()[dim];
            starts =
                starts.iter().flat_map(|start| shown.iter().map(move |idx| start + idx * stride)).collect();
        }
        if self.numel() == 0 { Vec::new() } else { starts.into_iter().map(|at| self.number(at)).collect() }
    }

    fn body(&self, dim: usize, start: usize, indent: usize, summarised: bool, style: &Style) -> String {
        if dim == self.rank() {
            return style.text(self.number(start));
        }
        let at = |idx: usize| start + idx * self.strides()[dim];
        let shown = self.shown(dim, summarised);
        let newline = |n: usize| format!(",{}{:width$}", "\n".repeat(n), "", width = indent + 1);
        if dim + 1 == self.rank() {
            let per_line = ((LINE - indent.min(LINE)) / (style.width + 2)).max(1);
            let cells: Vec<String> = shown
                .into_iter()
                .map(|idx| idx.map_or_else(|| " ...".to_owned(), |idx| style.padded(self.number(at(idx)))))
                .collect();
            let lines: Vec<String> = cells.chunks(per_line).map(|line| line.join(", ")).collect();
            return format!("[{}]", lines.join(&newline(1)));
        }
        let parts = shown.into_iter().map(|idx| match idx {
            Some(idx) => self.body(dim + 1, at(idx), indent + 1, summarised, style),
            None => "...".to_owned(),
        });
        format!("[{}]", parts.collect::<Vec<_>>().join(&newline(self.rank() - dim - 1)))
    }
}

/// How numbers are written, the same for all of a tensor.
struct Style {
    notation: Notation,
    width: usize,
}

enum Notation {
    Mask,
    Whole,
    /// Floats that are all whole: `2.`
    WholeFloat,
    Fixed,
    Scientific,
}

impl Style {
    fn of(numbers: &[f64], dtype: DType) -> Self {
        let notation = match dtype {
            DType::Bool => Notation::Mask,
            DType::I64 | DType::U32 | DType::U8 => Notation::Whole,
            DType::F32 | DType::F16 => Self::float_notation(numbers),
        };
        let mut style = Self { notation, width: 1 };
        // As in PyTorch, zeros, infinities and NaNs have no say.
        let counts = |number: &&f64| !dtype.is_float() || (number.is_finite() && **number != 0.0);
        let widths = numbers.iter().filter(counts).map(|&number| style.text(number).len());
        style.width = widths.max().unwrap_or(1);
        style
    }

    fn float_notation(numbers: &[f64]) -> Notation {
        let sizes = numbers.iter().map(|number| number.abs()).filter(|size| size.is_finite() && *size > 0.0);
        let (min, max) =
            sizes.clone().fold((f64::INFINITY, 0.0_f64), |(min, max), x| (min.min(x), max.max(x)));
        let whole = sizes.clone().all(|size| size.fract() == 0.0);
        let spread = sizes.count() > 0 && (max / min > 1000.0 || max > 1.0e8);
        match (whole, spread || (!whole && min < 1.0e-4)) {
            (_, true) => Notation::Scientific,
            (true, false) => Notation::WholeFloat,
            (false, false) => Notation::Fixed,
        }
    }

    fn text(&self, number: f64) -> String {
        if matches!(self.notation, Notation::WholeFloat | Notation::Fixed | Notation::Scientific)
            && !number.is_finite()
        {
            return if number.is_nan() { "nan".into() } else { number.to_string() };
        }
        match self.notation {
            Notation::Mask => (if number == 0.0 { "False" } else { "True" }).into(),
            Notation::Whole => format!("{number:.0}"),
            Notation::WholeFloat => format!("{number:.0}."),
            Notation::Fixed => format!("{number:.4}"),
            Notation::Scientific => {
                let text = format!("{number:.4e}");
                let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let (sign, exponent) =
                    exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
                format!("{digits}e{sign}{exponent:0>2}")
            }
        }
    }

    fn padded(&self, number: f64) -> String {
        format!("{:>width$}", self.text(number), width = self.width)
    }
}

#[cfg(test)]
mod tests;
