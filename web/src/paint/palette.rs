use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The theme's colours for canvases, which cannot read custom properties themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    /// The surface: zero.
    pub zero: [u8; 3],
    /// The most negative value.
    pub negative: [u8; 3],
    /// The most positive value.
    pub positive: [u8; 3],
    /// The stops of the ramp for values that are never negative, from zero up.
    pub ramp: [[u8; 3]; 4],
    /// Text on charts.
    pub text: [u8; 3],
    /// Lines of a chart's grid.
    pub grid: [u8; 3],
    /// The training curve.
    pub train: [u8; 3],
    /// The validation curve.
    pub validation: [u8; 3],
}

impl Palette {
    /// The palette in Leptos's context; it changes with the theme.
    pub fn signal() -> RwSignal<Self> {
        expect_context()
    }

    /// Reads the custom properties in force.
    pub fn read() -> Self {
        let style =
            document().document_element().and_then(|root| window().get_computed_style(&root).ok().flatten());
        let canvas = document().create_element("canvas").expect("a page can make canvases");
        let context = canvas.unchecked_into::<HtmlCanvasElement>().get_context("2d").ok().flatten();
        let context: CanvasRenderingContext2d =
            context.expect("canvases have two dimensions").unchecked_into();
        let colour = |name: &str| {
            let text = style.as_ref().and_then(|style| style.get_property_value(name).ok());
            // A style sheet may write a colour in many ways; a canvas gives it back in one.
            context.set_fill_style_str(text.as_deref().unwrap_or_default().trim());
            context.fill_style().as_string().as_deref().and_then(parse).unwrap_or([128; 3])
        };
        Self {
            zero: colour("--map-zero"),
            negative: colour("--negative"),
            positive: colour("--positive"),
            ramp: [colour("--map-zero"), colour("--ramp-1"), colour("--ramp-2"), colour("--ramp-3")],
            text: colour("--text-2"),
            grid: colour("--line"),
            train: colour("--train"),
            validation: colour("--validation"),
        }
    }
}

/// `#0877bd` as its three bytes.
fn parse(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}
