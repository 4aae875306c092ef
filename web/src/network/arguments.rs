//! A layer's arguments as its own serialisation names them, so that no view has a list of layers of its own.

use nn::LayerSpec;
use serde_json::{Map, Number, Value, json};

/// One argument of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// PyTorch's name.
    pub name: String,
    /// Its value: a number, a pair of numbers, a truth value, or `null` where it follows from another.
    pub value: Value,
}

impl Argument {
    /// Whether it is a size along height and width, and may be one number or two.
    pub fn is_pair(&self) -> bool {
        matches!(self.name.as_str(), "kernel_size" | "stride" | "padding" | "dilation" | "output_size")
    }

    /// The values that it can have, where they are words.
    pub fn words(&self) -> &'static [&'static str] {
        if self.name == "approximate" { &["none", "tanh"] } else { &[] }
    }

    /// Whether it may be zero.
    pub fn least(&self) -> u32 {
        u32::from(!matches!(self.name.as_str(), "padding" | "from"))
    }

    /// Height and width.
    pub fn pair(&self) -> [u64; 2] {
        match &self.value {
            Value::Array(two) => [0, 1].map(|i| two.get(i).and_then(Value::as_u64).unwrap_or(0)),
            one => [one.as_u64().unwrap_or(0); 2],
        }
    }
}

/// The arguments of a layer, in the order of its definition.
pub fn arguments(layer: &LayerSpec) -> Vec<Argument> {
    let fields = fields(layer);
    let named = |name: &str| fields.get(name).cloned();
    let mut arguments: Vec<Argument> = ORDER
        .iter()
        .filter_map(|&name| Some(Argument { name: name.to_owned(), value: named(name)? }))
        .collect();
    let others = fields.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()) && *name != "type");
    arguments.extend(others.map(|(name, value)| Argument { name: name.clone(), value: value.clone() }));
    // A window without a stride of its own strides by its size.
    if named("kernel_size").is_some() && named("stride").is_none() {
        arguments.insert(1, Argument { name: "stride".to_owned(), value: Value::Null });
    }
    arguments
}

/// The order in which PyTorch documents arguments; ones that it does not name come last.
const ORDER: [&str; 13] = [
    "out_channels",
    "out_features",
    "output_size",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
    "eps",
    "momentum",
    "affine",
    "track_running_stats",
];

/// The layer with one argument changed.
///
/// # Errors
/// Where the value is not one that the argument can have.
pub fn with_argument(layer: &LayerSpec, name: &str, value: Value) -> Result<LayerSpec, String> {
    let mut fields = fields(layer);
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value);
    }
    // As text, as files are read: reading it from the tree itself would be a second reader of every layer.
    serde_json::from_str(&Value::Object(fields).to_string()).map_err(|error| format!("{name}: {error}"))
}

/// The arguments in one short line: `8 · 3×3 · p1`.
pub fn summary(layer: &LayerSpec) -> String {
    let parts: Vec<String> = arguments(layer).iter().filter_map(part).collect();
    parts.join(" · ")
}

fn part(argument: &Argument) -> Option<String> {
    let [height, width] = argument.pair();
    let size = if height == width { height.to_string() } else { format!("{height}×{width}") };
    match (argument.name.as_str(), &argument.value) {
        (_, Value::Null) => None,
        ("out_channels" | "out_features", value) => Some(value.to_string()),
        ("kernel_size", _) => Some(format!("{height}×{width}")),
        ("output_size", _) => Some(format!("to {height}×{width}")),
        ("stride", _) => (size != "1").then(|| format!("s{size}")),
        ("padding", _) => (size != "0").then(|| format!("p{size}")),
        ("dilation", _) => (size != "1").then(|| format!("d{size}")),
        ("groups", _) => (size != "1").then(|| format!("g{size}")),
        ("eps", Value::Number(number)) if near(number, 1e-5) => None,
        ("momentum", Value::Number(number)) if near(number, 0.1) => None,
        ("eps" | "momentum" | "alpha" | "p", Value::Number(number)) => {
            Some(format!("{} {}", argument.name, float(number)))
        }
        ("from", value) => Some(format!("+ input of {value}")),
        ("affine", value) => (*value == json!(false)).then(|| "not affine".to_owned()),
        ("track_running_stats", value) => (*value == json!(false)).then(|| "no running stats".to_owned()),
        ("approximate", value) => (*value == json!("tanh")).then(|| "tanh".to_owned()),
        ("bias", value) => (*value == json!(false)).then(|| "no bias".to_owned()),
        (_, Value::Number(number)) => Some(float(number).to_string()),
        (name, value) => Some(format!("{name} {value}")),
    }
}

/// The float32 that it is, not the float64 that JSON made of it.
fn float(number: &Number) -> f32 {
    number.as_f64().unwrap_or(0.0) as f32
}

fn near(number: &Number, default: f32) -> bool {
    (float(number) - default).abs() <= f32::EPSILON * default
}

fn fields(layer: &LayerSpec) -> Map<String, Value> {
    match serde_json::to_value(layer) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
