use serde::{Deserialize, Serialize};

/// A number for height and one for width, written as one number where both are the same, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct Pair {
    /// Along the height (rows).
    pub height: usize,
    /// Along the width (columns).
    pub width: usize,
}

impl Pair {
    /// Height and width as an array.
    pub const fn array(self) -> [usize; 2] {
        [self.height, self.width]
    }
}

impl From<usize> for Pair {
    fn from(both: usize) -> Self {
        Self { height: both, width: both }
    }
}

impl From<[usize; 2]> for Pair {
    fn from([height, width]: [usize; 2]) -> Self {
        Self { height, width }
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.height == self.width {
            write!(f, "{}", self.height)
        } else {
            write!(f, "({}, {})", self.height, self.width)
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    One(usize),
    Two([usize; 2]),
}

impl From<Form> for Pair {
    fn from(form: Form) -> Self {
        match form {
            Form::One(both) => both.into(),
            Form::Two(two) => two.into(),
        }
    }
}

impl From<Pair> for Form {
    fn from(pair: Pair) -> Self {
        if pair.height == pair.width { Self::One(pair.height) } else { Self::Two(pair.array()) }
    }
}
