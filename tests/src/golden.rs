use nn::Optimiser;
use nn::optimiser::{Adagrad, Adam, AdamW, RMSprop, Sgd};
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;

/// Reference numbers computed by PyTorch: a file of cases, each an operation with its arguments and named tensors.
pub struct Golden {
    cases: Vec<(String, Value)>,
    file: SafeTensors<'static>,
}

/// One case of a file.
#[derive(Clone, Copy)]
pub struct GoldenCase<'a> {
    /// Its name.
    pub name: &'a str,
    /// The operation's arguments, as the file's metadata holds them.
    pub arguments: &'a Value,
    file: &'a SafeTensors<'static>,
}

impl Golden {
    /// Reads a file.
    ///
    /// # Panics
    /// Where it is damaged.
    pub fn read(bytes: &'static [u8]) -> Self {
        let (_, header) = SafeTensors::read_metadata(bytes).expect("the file has a header");
        let metadata = header.metadata().as_ref().expect("the header describes the cases");
        let parse = |text: &String| serde_json::from_str(text).expect("a case's description is JSON");
        let mut cases: Vec<_> = metadata.iter().map(|(name, text)| (name.clone(), parse(text))).collect();
        cases.sort_by(|(a, _), (b, _)| a.cmp(b));
        let file = SafeTensors::deserialize(bytes).expect("the file is whole");
        Self { cases, file }
    }

    /// All cases, by name.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = GoldenCase<'_>> {
        let file = &self.file;
        self.cases.iter().map(move |(name, arguments)| GoldenCase { name, arguments, file })
    }

    /// The case of this name.
    ///
    /// # Panics
    /// Where there is none.
    pub fn case(&self, name: &str) -> GoldenCase<'_> {
        self.cases().find(|case| case.name == name).expect("the file has the case")
    }
}

impl GoldenCase<'_> {
    /// A tensor's shape and numbers, where the case has one of this name.
    pub fn find(&self, role: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let view = self.file.tensor(&format!("{}/{role}", self.name)).ok()?;
        assert_eq!(view.dtype(), Dtype::F32, "{role} of {} holds other numbers", self.name);
        Some((view.shape().to_vec(), bytemuck::pod_collect_to_vec(view.data())))
    }

    /// A tensor's shape and numbers.
    ///
    /// # Panics
    /// Where the case has none of this name.
    pub fn tensor(&self, role: &str) -> (Vec<usize>, Vec<f32>) {
        self.find(role).unwrap_or_else(|| panic!("{} has no {role}", self.name))
    }

    /// A tensor of whole numbers: its shape and its elements.
    ///
    /// # Panics
    /// Where the case has none of this name.
    pub fn whole_numbers(&self, role: &str) -> (Vec<usize>, Vec<i64>) {
        let view = self.file.tensor(&format!("{}/{role}", self.name));
        let view = view.unwrap_or_else(|_| panic!("{} has no {role}", self.name));
        assert_eq!(view.dtype(), Dtype::I64, "{role} of {} holds other numbers", self.name);
        (view.shape().to_vec(), bytemuck::pod_collect_to_vec(view.data()))
    }

    /// An argument that is one number for both axes, or one for each.
    ///
    /// # Panics
    /// Where it is neither.
    pub fn pair(&self, argument: &str) -> [usize; 2] {
        let size = |value: &Value| value.as_u64().expect("sizes are whole numbers") as usize;
        match &self.arguments[argument] {
            Value::Array(both) => [size(&both[0]), size(&both[1])],
            one => [size(one); 2],
        }
    }

    /// The optimiser that the case is of; arguments that it does not state are PyTorch's own.
    ///
    /// # Panics
    /// Where there is no such optimiser.
    pub fn optimiser(&self) -> Optimiser {
        let number =
            |name: &str, usual: f64| self.arguments.get(name).map_or(usual, |n| n.as_f64().unwrap()) as f32;
        let flag = |name: &str| self.arguments.get(name).is_some_and(|flag| flag.as_bool().unwrap());
        let betas = self
            .arguments
            .get("betas")
            .map_or([0.9, 0.999], |betas| [0, 1].map(|idx| betas[idx].as_f64().unwrap() as f32));
        match self.arguments["op"].as_str() {
            Some("SGD") => Optimiser::Sgd(Sgd {
                momentum: number("momentum", 0.0),
                dampening: number("dampening", 0.0),
                nesterov: flag("nesterov"),
                weight_decay: number("weight_decay", 0.0),
            }),
            Some("Adam") => Optimiser::Adam(Adam {
                betas,
                eps: number("eps", 1e-8),
                weight_decay: number("weight_decay", 0.0),
            }),
            Some("AdamW") => Optimiser::AdamW(AdamW {
                betas,
                eps: number("eps", 1e-8),
                weight_decay: number("weight_decay", 0.01),
            }),
            Some("RMSprop") => Optimiser::RMSprop(RMSprop {
                alpha: number("alpha", 0.99),
                eps: number("eps", 1e-8),
                momentum: number("momentum", 0.0),
                centered: flag("centered"),
                weight_decay: number("weight_decay", 0.0),
            }),
            Some("Adagrad") => Optimiser::Adagrad(Adagrad {
                lr_decay: number("lr_decay", 0.0),
                eps: number("eps", 1e-10),
                initial_accumulator_value: number("initial_accumulator_value", 0.0),
                weight_decay: number("weight_decay", 0.0),
            }),
            other => panic!("{other:?} is another optimiser"),
        }
    }
}
