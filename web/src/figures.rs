//! Numbers and shapes as text, always as wide, so that nothing jumps; and numbers from what people type.

use leptos::prelude::event_target;
use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlInputElement};

/// `9098` as `9,098`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `282240` as `282k`: three figures.
pub fn short_count(n: usize) -> String {
    let scaled = |unit: f64, suffix: &str| {
        let value = n as f64 / unit;
        let decimals = if value < 10.0 { 1 } else { 0 };
        format!("{value:.decimals$}{suffix}")
    };
    match n {
        0..=9_999 => count(n as u64),
        10_000..=999_499 => scaled(1e3, "k"),
        999_500..=999_499_999 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

/// `[8, 28, 28]` as `8×28×28`.
pub fn shape(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// A value with a true minus sign and three decimals, or in powers of ten where those would show nothing.
pub fn value(x: f32) -> String {
    let text = match x.abs() {
        0.0 => "0.000".to_owned(),
        size if !(1e-3..1e4).contains(&size) => format!("{x:.2e}"),
        size if size >= 100.0 => format!("{x:.1}"),
        _ => format!("{x:.3}"),
    };
    text.replace('-', "−")
}

/// A fraction as a percentage with two decimals.
pub fn percent(fraction: f32) -> String {
    format!("{:.2} %", fraction * 100.0)
}

/// Bytes in the unit that suits them.
pub fn bytes(n: u64) -> String {
    match n {
        0..=1_023 => format!("{n} B"),
        1_024..=1_048_575 => format!("{:.0} KiB", n as f64 / 1024.0),
        _ => format!("{:.1} MiB", n as f64 / 1_048_576.0),
    }
}

/// What is written, as the browser reads it, which has the tables for that; not a number where it is none.
pub fn number(text: &str) -> f64 {
    JsValue::from_str(text).unchecked_into_f64()
}

/// The number in the field that an event comes from; not a number where there is none.
pub fn entered(event: &Event) -> f64 {
    event_target::<HtmlInputElement>(event).value_as_number()
}
