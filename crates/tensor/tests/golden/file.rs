//! Files of cases: each an operation with its arguments and named tensors.

use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;
use tensor::{Tensor, TensorError};

pub struct Case {
    pub name: String,
    pub arguments: Value,
    tensors: Vec<(String, Tensor)>,
}

/// All cases of a file, by name.
pub fn cases(file: &str) -> Vec<Case> {
    let path = format!("{}/../../tests/golden/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).expect("the file is there");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("the file has a header");
    let file = SafeTensors::deserialize(&bytes).expect("the file is whole");
    let metadata = header.metadata().as_ref().expect("the header describes the cases");
    let mut cases: Vec<Case> = metadata
        .iter()
        .map(|(name, text)| {
            let prefix = format!("{name}/");
            let tensors = file.tensors().into_iter().filter_map(|(full, view)| {
                let role = full.strip_prefix(&prefix)?.to_owned();
                let shape = view.shape();
                let tensor = match view.dtype() {
                    Dtype::F32 => Tensor::from_vec(words(view.data(), f32::from_le_bytes), shape),
                    Dtype::I64 => Tensor::from_vec(words(view.data(), i64::from_le_bytes), shape),
                    other => panic!("{full} holds {other:?}"),
                };
                Some((role, tensor.expect("the file's shapes fit")))
            });
            let arguments = serde_json::from_str(text).expect("a case's description is JSON");
            Case { name: name.clone(), arguments, tensors: tensors.collect() }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn words<T, const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| word(*bytes)).collect()
}

impl Case {
    pub fn find(&self, role: &str) -> Option<Tensor> {
        self.tensors.iter().find(|(name, _)| name == role).map(|(_, tensor)| tensor.clone())
    }

    pub fn tensor(&self, role: &str) -> Tensor {
        self.find(role).unwrap_or_else(|| panic!("{} has no {role}", self.name))
    }

    /// Everything that PyTorch gave a gradient for, as leaves that require one.
    pub fn learned_inputs(&self) -> Result<Vec<(String, Tensor)>, TensorError> {
        let learned = self.tensors.iter().filter(|(role, _)| self.find(&format!("grad_{role}")).is_some());
        let learned = learned.filter(|(role, _)| role != "output");
        learned.map(|(role, tensor)| Ok((role.clone(), tensor.copy()?.with_grad()?))).collect()
    }

    pub fn op(&self) -> &str {
        self.arguments["op"].as_str().expect("every case names its operation")
    }

    pub fn integer(&self, argument: &str) -> isize {
        self.arguments[argument].as_i64().expect("a whole number") as isize
    }

    pub fn number(&self, argument: &str) -> f32 {
        self.arguments[argument].as_f64().expect("a number") as f32
    }

    pub fn flag(&self, argument: &str) -> bool {
        self.arguments[argument].as_bool().expect("true or false")
    }

    pub fn sizes(&self, argument: &str) -> Vec<usize> {
        let sizes = self.arguments[argument].as_array().expect("a list");
        sizes.iter().map(|size| size.as_u64().expect("a size") as usize).collect()
    }

    pub fn integers(&self, argument: &str) -> Vec<isize> {
        let numbers = self.arguments[argument].as_array().expect("a list");
        numbers.iter().map(|number| number.as_i64().expect("a whole number") as isize).collect()
    }

    pub fn dims(&self) -> Vec<isize> {
        self.integers("dims")
    }

    /// One number for both axes, or one for each.
    pub fn pair(&self, argument: &str) -> [usize; 2] {
        match &self.arguments[argument] {
            Value::Array(_) => self.sizes(argument).try_into().expect("two sizes"),
            one => [one.as_u64().expect("a size") as usize; 2],
        }
    }
}
