use crate::error::GpuError;

/// How many dimensions a kernel with strides can have.
pub(crate) const MAX_RANK: usize = 6;

/// A constant's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Constant {
    Bool(bool),
    U32(u32),
    F32(f32),
    Sizes([u32; MAX_RANK]),
}

impl Constant {
    fn wgsl(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::U32(value) => format!("{value}u"),
            Self::F32(value) => format!("{value:?}f"),
            Self::Sizes(values) => {
                let values = values.map(|value| format!("{value}u")).join(", ");
                format!("array<u32, {MAX_RANK}>({values})")
            }
        }
    }
}

/// Replaces the values of a shader's constants. Those with a written type, `const NAME: u32 = 1;`, are to be set, each
/// of them; those without are the shader's own.
///
/// Sizes that the compiler knows let it unroll loops and replace divisions.
///
/// # Errors
/// [`GpuError::Constant`] where one of the shader's is not given, or one that is given is not the shader's.
pub(crate) fn specialise(source: &str, constants: &[(&str, Constant)]) -> Result<String, GpuError> {
    let problem = |constant: &str, problem| GpuError::Constant { constant: constant.to_owned(), problem };
    let mut text = String::with_capacity(source.len());
    let mut n_set = 0;
    for line in source.lines() {
        match settable(line) {
            Some((name, declaration)) => {
                let (_, constant) = constants
                    .iter()
                    .find(|(given, _)| *given == name)
                    .ok_or_else(|| problem(name, "is not given a value"))?;
                text.push_str(declaration);
                text.push_str(" = ");
                text.push_str(&constant.wgsl());
                text.push(';');
                n_set += 1;
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    if n_set != constants.len() {
        let missing = constants.iter().find(|(name, _)| !source.contains(&format!("const {name}: ")));
        return Err(problem(missing.map_or("", |(name, _)| name), "is given a value, but not declared once"));
    }
    Ok(text)
}

/// The name and the declaration of `const NAME: type = value;`.
fn settable(line: &str) -> Option<(&str, &str)> {
    let (declaration, _) = line.split_once(" = ")?;
    let (name, _) = declaration.strip_prefix("const ")?.split_once(": ")?;
    Some((name, declaration))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "// Head.\nconst N: u32 = 1;\nconst SLOPE: f32 = 0.5;\nconst TWICE = N * 2u;\n";

    #[test]
    fn values_are_replaced_and_derived_constants_kept() {
        let constants = [("SLOPE", Constant::F32(1e-8)), ("N", Constant::U32(7))];
        assert_eq!(
            specialise(SOURCE, &constants).unwrap(),
            "// Head.\nconst N: u32 = 7u;\nconst SLOPE: f32 = 1e-8f;\nconst TWICE = N * 2u;\n"
        );
    }

    #[test]
    fn a_constant_too_few_or_too_many_is_an_error() {
        let too_few = specialise(SOURCE, &[("N", Constant::U32(7))]).unwrap_err();
        assert!(matches!(too_few, GpuError::Constant { constant, .. } if constant == "SLOPE"));
        let constants = [("SLOPE", Constant::F32(1.0)), ("N", Constant::U32(7)), ("M", Constant::Bool(true))];
        let too_many = specialise(SOURCE, &constants).unwrap_err();
        assert!(matches!(too_many, GpuError::Constant { constant, .. } if constant == "M"));
    }
}
