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
    /// A type: a vector of so many numbers, 2 to 4.
    Vector(usize),
}

impl Constant {
    fn wgsl(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::U32(value) => format!("{value}u"),
            Self::F32(value) => format!("{value:?}f"),
            Self::Vector(len) => format!("vec{len}<f32>"),
            Self::Sizes(values) => {
                let values = values.map(|value| format!("{value}u")).join(", ");
                format!("array<u32, {MAX_RANK}>({values})")
            }
        }
    }
}

/// Replaces the values of a shader's constants. Those with a written type, `const NAME: u32 = 1;`, are to be set, each
/// of them, and so are names of types, `alias Name = vec3<f32>;`; those without are the shader's own.
///
/// Sizes that the compiler knows let it unroll loops and replace divisions. Loops that end their first line with
/// `// unrolled` are written out here, with the counter as a constant: then arrays that they index can stay in registers,
/// also where a driver's compiler unrolls nothing. `// unrolled if NAME` does so where that constant is true. Functions and
/// blocks that end their first line with `// if NAME` are left out where that constant is false: compilers take their time
/// over what is never called.
///
/// # Errors
/// [`GpuError::Constant`] where one of the shader's is not given, or one that is given is not the shader's, or where how
/// often a loop is to be written out is neither a number nor one of those given, or what a block depends on is not given.
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
        let is_declared =
            |name: &str| source.lines().filter_map(settable).any(|(declared, _)| declared == name);
        let missing = constants.iter().find(|(name, _)| !is_declared(name));
        return Err(problem(missing.map_or("", |(name, _)| name), "is given a value, but not declared once"));
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut written = String::with_capacity(text.len());
    write_out(&lines, constants, &mut written)?;
    Ok(written)
}

/// What browsers want to read before a shader takes numbers from other invocations, and naga does not know. That a quad's
/// invocations go the same way together follows from how they are numbered, which no compiler can prove.
const QUADS: &str = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

/// Lets a shader take numbers from other invocations; by `of_quad`, the text of that function, only where a quad shares what
/// it loads: as the shader is written, everybody has loaded all.
pub(crate) fn with_quads(text: &str, of_quad: Option<&str>) -> String {
    let mut quads = String::with_capacity(QUADS.len() + text.len());
    if cfg!(target_arch = "wasm32") {
        quads.push_str(QUADS);
    }
    let is_kept = |line: &&str| of_quad.is_none() || !line.starts_with("fn of_quad(");
    quads.extend(text.lines().filter(is_kept).flat_map(|line| [line, "\n"]));
    quads.push_str(of_quad.unwrap_or_default());
    quads
}

/// Writes lines with their marked loops written out, and without the blocks that are not wanted.
fn write_out(mut lines: &[&str], constants: &[(&str, Constant)], text: &mut String) -> Result<(), GpuError> {
    const UNDECIDED: &str = "decides how often something is written out, but is not given a value";
    let wrong = |name: &str, problem| GpuError::Constant { constant: name.to_owned(), problem };
    let given = |name: &str| constants.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
    while let Some((&line, rest)) = lines.split_first() {
        lines = rest;
        let marked = match (unrolled_loop(line), line.split_once(" { // if ")) {
            (Some(Unrolled { indent, counter, limit, condition }), _) => {
                match condition.map(|name| (name, given(name))) {
                    None | Some((_, Some(Constant::Bool(true)))) => Some((indent, Some(counter), limit)),
                    Some((_, Some(Constant::Bool(false)))) => None,
                    Some((name, _)) => return Err(wrong(name, UNDECIDED)),
                }
            }
            (None, Some((head, name))) => {
                let indent = &head[..head.len() - head.trim_start().len()];
                Some((indent, None, name))
            }
            (None, None) => None,
        };
        let Some((indent, counter, name)) = marked else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let n = match (counter, given(name), name.strip_suffix('u').map(str::parse)) {
            (Some(_), Some(Constant::U32(n)), _) | (Some(_), None, Some(Ok(n))) => n,
            (None, Some(Constant::Bool(is_wanted)), _) => u32::from(is_wanted),
            _ => return Err(wrong(name, UNDECIDED)),
        };
        let end = format!("{indent}}}");
        let end = lines.iter().position(|line| *line == end);
        let end = end.ok_or_else(|| wrong(name, "decides over a block without an end"))?;
        for idx in 0..n {
            match counter {
                Some(counter) => {
                    text.push_str(&format!("{indent}{{\n{indent}    const {counter} = {idx}u;\n"));
                }
                None => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            write_out(&lines[..end], constants, text)?;
            text.push_str(&format!("{indent}}}\n"));
        }
        lines = &lines[end + 1..];
    }
    Ok(())
}

/// A line `for (var i = 0u; i < LIMIT; i += 1u) { // unrolled`, perhaps with ` if NAME`.
struct Unrolled<'a> {
    indent: &'a str,
    counter: &'a str,
    limit: &'a str,
    condition: Option<&'a str>,
}

fn unrolled_loop(line: &str) -> Option<Unrolled<'_>> {
    let (head, mark) = line.split_once(" { // unrolled")?;
    let condition = mark.strip_prefix(" if ");
    let (indent, head) = head.split_once("for (var ")?;
    let (counter, head) = head.split_once(" = 0u; ")?;
    let (limit, _) = head.strip_prefix(counter)?.strip_prefix(" < ")?.split_once(';')?;
    Some(Unrolled { indent, counter, limit, condition })
}

/// The name and the declaration of `const NAME: type = value;` or `alias Name = type;`.
fn settable(line: &str) -> Option<(&str, &str)> {
    let (declaration, _) = line.split_once(" = ")?;
    let name = match declaration.strip_prefix("alias ") {
        Some(name) => name,
        None => declaration.strip_prefix("const ")?.split_once(": ")?.0,
    };
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
    fn types_are_replaced() {
        let source = "alias Piece = vec3<f32>;\nvar a: Piece;\n";
        let written = specialise(source, &[("Piece", Constant::Vector(4))]).unwrap();
        assert_eq!(written, "alias Piece = vec4<f32>;\nvar a: Piece;\n");
    }

    #[test]
    fn marked_loops_are_written_out_with_their_counters_as_constants() {
        let source = "\
const N: u32 = 1;
for (var i = 0u; i < N; i += 1u) { // unrolled
    for (var j = 0u; j < 1u; j += 1u) { // unrolled
        a[i] = j;
    }
}
for (var i = 0u; i < N; i += 1u) {
}
";
        let expected = "\
const N: u32 = 2u;
{
    const i = 0u;
    {
        const j = 0u;
        a[i] = j;
    }
}
{
    const i = 1u;
    {
        const j = 0u;
        a[i] = j;
    }
}
for (var i = 0u; i < N; i += 1u) {
}
";
        assert_eq!(specialise(source, &[("N", Constant::U32(2))]).unwrap(), expected);
    }

    #[test]
    fn a_loop_is_written_out_on_a_condition() {
        let source = "\
const A: bool = true;
for (var i = 0u; i < 1u; i += 1u) { // unrolled if A
    for (var j = 0u; j < 1u; j += 1u) { // unrolled
    }
}
";
        let wanted = "const A: bool = true;\n{\n    const i = 0u;\n    {\n        const j = 0u;\n    }\n}\n";
        assert_eq!(specialise(source, &[("A", Constant::Bool(true))]).unwrap(), wanted);
        let head = "for (var i = 0u; i < 1u; i += 1u) { // unrolled if A";
        let unwanted = format!("const A: bool = false;\n{head}\n    {{\n        const j = 0u;\n    }}\n}}\n");
        assert_eq!(specialise(source, &[("A", Constant::Bool(false))]).unwrap(), unwanted);
        let unknown =
            specialise(&source.replace("if A", "if B"), &[("A", Constant::Bool(true))]).unwrap_err();
        assert!(matches!(unknown, GpuError::Constant { constant, .. } if constant == "B"));
    }

    #[test]
    fn what_is_not_wanted_is_left_out() {
        let source = "const A: bool = true;\nfn a() { // if A\n    {\n    }\n}\nb();\n";
        let wanted = specialise(source, &[("A", Constant::Bool(true))]).unwrap();
        assert_eq!(wanted, source);
        let unwanted = specialise(source, &[("A", Constant::Bool(false))]).unwrap();
        assert_eq!(unwanted, "const A: bool = false;\nb();\n");
        let unknown = specialise("fn a() { // if A\n}\n", &[]).unwrap_err();
        assert!(matches!(unknown, GpuError::Constant { constant, .. } if constant == "A"));
    }

    #[test]
    fn a_loop_to_be_written_out_needs_a_limit_that_is_given() {
        let source = "const HALF = 2u;\nfor (var i = 0u; i < HALF; i += 1u) { // unrolled\n}\n";
        let unknown = specialise(source, &[]).unwrap_err();
        assert!(matches!(unknown, GpuError::Constant { constant, .. } if constant == "HALF"));
        let endless = specialise("for (var i = 0u; i < 3u; i += 1u) { // unrolled\n", &[]).unwrap_err();
        assert!(matches!(endless, GpuError::Constant { constant, .. } if constant == "3u"));
    }

    #[test]
    fn a_quad_takes_numbers_from_its_lanes() {
        let source = "fn of_quad(own: f32) -> f32 { return own; }\nlet a = of_quad(b);\n";
        let shared = "let a = of_quad(b);\nfn of_quad(own: f32) -> f32 { return quadSwapX(own); }\n";
        let of_quad = "fn of_quad(own: f32) -> f32 { return quadSwapX(own); }\n";
        assert_eq!(with_quads(source, Some(of_quad)), shared);
        assert_eq!(with_quads(source, None), source);
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
