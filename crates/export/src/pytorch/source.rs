//! Python source text.

/// The widest line, as Python's style guide has it.
const MOST_COLUMNS: usize = 79;

/// A string literal.
pub fn string(text: &str) -> String {
    let mut literal = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            // Those that end a line or cannot be seen, in one of Python's own escapes.
            _ if character.is_control() || "\u{2028}\u{2029}\u{feff}".contains(character) => {
                literal += &format!("\\U{:08x}", u32::from(character));
            }
            _ => literal.push(character),
        }
    }
    literal + "\""
}

/// A number literal: the shortest that is the same number, in as many bits.
pub fn number(value: impl Float) -> String {
    let text = format!("{value:?}");
    if value.into().is_finite() { text } else { format!("float(\"{text}\")") }
}

/// 32 or 64 bits.
pub trait Float: Copy + Into<f64> + std::fmt::Debug {}

impl Float for f32 {}
impl Float for f64 {}

/// `True` or `False`.
pub const fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A call of `function` that begins at column `indent` and has `after` behind it, on one line where it fits, else with one
/// argument a line.
pub fn call(function: &str, arguments: &[String], indent: usize, after: &str, comment: &str) -> String {
    let behind = if comment.is_empty() { String::new() } else { format!("  # {comment}") };
    let line = format!("{function}({}){after}{behind}", arguments.join(", "));
    if indent + line.chars().count() <= MOST_COLUMNS {
        return line;
    }
    let margin = " ".repeat(indent);
    let arguments: String = arguments.iter().map(|argument| format!("{margin}    {argument},\n")).collect();
    format!("{function}({behind}\n{arguments}{margin}){after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_cannot_end_its_literal() {
        assert_eq!(string("s.safetensors"), r#""s.safetensors""#);
        assert_eq!(string(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(string("a\nb\r\0é"), "\"a\\U0000000ab\\U0000000d\\U00000000é\"");
    }

    #[test]
    fn numbers_are_as_short_as_they_were_given() {
        let numbers = [0.05, 1e-8, 1.0, f32::INFINITY, f32::NAN, 1e20].map(number);
        assert_eq!(numbers, ["0.05", "1e-8", "1.0", "float(\"inf\")", "float(\"NaN\")", "1e20"]);
    }

    #[test]
    fn a_long_call_has_a_line_for_each_argument() {
        let arguments = ["1".to_owned(), "x".repeat(60)];
        let broken = call("f", &arguments, 8, ",", "8 x 8");
        assert_eq!(
            broken,
            format!("f(  # 8 x 8\n            1,\n            {},\n        ),", "x".repeat(60))
        );
        assert_eq!(call("f", &arguments[..1], 8, ",", "8 x 8"), "f(1),  # 8 x 8");
    }
}
