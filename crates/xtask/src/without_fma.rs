//! A program for browsers that do not know `relaxed-simd`, from one that uses it: where that multiplies and adds in one
//! instruction, this one takes two. A browser refuses a whole program for one instruction that it does not know, and to compile
//! everything a second time takes minutes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use eyre::{Result, WrapErr, bail};
use wasm_encoder::{CodeSection, Encode, Instruction, Module, RawSection, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::process;

#[derive(Args)]
pub struct Options {
    /// A program of tests, as cargo builds it
    program: PathBuf,
    /// What is passed on to the runner
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// As cargo's runner: runs a program's tests without FMA, by wasm-bindgen's runner, which has to be on the PATH.
pub fn run(options: &Options) -> Result<()> {
    let Options { program, arguments } = options;
    let plain = program.with_extension("plain.wasm");
    let bytes = fs::read(program).wrap_err_with(|| format!("cannot read {}", program.display()))?;
    let bytes = without_fma(&bytes).wrap_err_with(|| format!("cannot rewrite {}", program.display()))?;
    fs::write(&plain, bytes).wrap_err_with(|| format!("cannot write {}", plain.display()))?;
    process::run(Command::new("wasm-bindgen-test-runner").arg(plain).args(arguments))
}

/// The program without the instructions of `relaxed-simd`, and without information for debuggers.
///
/// # Errors
/// Where it is none, or uses an instruction of theirs that is not translated here.
pub fn without_fma(program: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::new();
    // How many parameters the types have, and which type each function is of.
    let (mut n_params, mut types) = (Vec::new(), Vec::new());
    let mut code = CodeSection::new();
    let mut n_functions = 0;
    for payload in Parser::new(0).parse_all(program) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(section) => {
                for function in section.clone().into_iter_err_on_gc_types() {
                    n_params.push(u32::try_from(function?.params().len())?);
                }
            }
            Payload::FunctionSection(section) => {
                types = section.clone().into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionStart { count, .. } => {
                n_functions = *count;
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                let function_type: u32 = types[code.len() as usize];
                code.raw(&function(body, n_params[function_type as usize])?);
                if code.len() == n_functions {
                    module.section(&code);
                }
            }
            // It names positions in the code, which are others now.
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &program[range] });
        }
    }
    Ok(module.finish())
}

/// A function's body. What is left as it is, is copied.
fn function(body: &FunctionBody<'_>, n_params: u32) -> Result<Vec<u8>> {
    let bytes = body.as_bytes();
    let at = |position: usize| position - body.range().start;
    let locals = body.get_locals_reader()?;
    let (n_groups, groups_start) = (locals.get_count(), at(locals.original_position()));
    let mut operators = body.get_operators_reader()?;
    let code_start = at(operators.original_position());
    let mut first_free = n_params;
    for group in locals {
        first_free += group?.0;
    }

    let mut rewritten = Vec::with_capacity(bytes.len());
    (n_groups + 1).encode(&mut rewritten);
    rewritten.extend(&bytes[groups_start..code_start]);
    2u32.encode(&mut rewritten);
    ValType::V128.encode(&mut rewritten);
    let mut copied = code_start;
    while !operators.eof() {
        let start = at(operators.original_position());
        let operator = operators.read()?;
        if is_relaxed(&bytes[start..]) {
            rewritten.extend(&bytes[copied..start]);
            for instruction in plain(&operator, [first_free, first_free + 1])? {
                instruction.encode(&mut rewritten);
            }
            copied = at(operators.original_position());
        }
    }
    if copied == code_start {
        return Ok(bytes.to_owned());
    }
    rewritten.extend(&bytes[copied..]);
    Ok(rewritten)
}

/// Whether an instruction is one of `relaxed-simd`: those of SIMD with the numbers from 0x100 on.
fn is_relaxed(instruction: &[u8]) -> bool {
    matches!(instruction, [0xfd, low, 2, ..] if *low >= 0x80)
}

/// What does the same, with two locals for registers.
fn plain(operator: &Operator<'_>, [first, second]: [u32; 2]) -> Result<Vec<Instruction<'static>>> {
    // The greater or lesser as x86 has it, the second where they cannot be compared.
    let swapped = |choice| {
        vec![
            Instruction::LocalSet(second),
            Instruction::LocalSet(first),
            Instruction::LocalGet(second),
            Instruction::LocalGet(first),
            choice,
        ]
    };
    match operator {
        Operator::F32x4RelaxedMadd => Ok(vec![
            Instruction::LocalSet(first),
            Instruction::F32x4Mul,
            Instruction::LocalGet(first),
            Instruction::F32x4Add,
        ]),
        Operator::F32x4RelaxedMax => Ok(swapped(Instruction::F32x4PMax)),
        Operator::F32x4RelaxedMin => Ok(swapped(Instruction::F32x4PMin)),
        other => {
            bail!("{other:?} is not translated: `plain` has to say what does the same without relaxed-simd")
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Function, FunctionSection, TypeSection};

    use super::*;

    /// A program of two functions: one without instructions, and one with two parameters, three locals and these.
    fn program(instructions: &[Instruction<'_>]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([ValType::V128, ValType::I32], [ValType::V128]);
        let mut functions = FunctionSection::new();
        functions.function(0).function(1);
        let mut code = CodeSection::new();
        let mut empty = Function::new([]);
        empty.instruction(&Instruction::End);
        let mut function = Function::new([(2, ValType::F32), (1, ValType::I32)]);
        for instruction in instructions.iter().chain([&Instruction::End]) {
            function.instruction(instruction);
        }
        code.function(&empty).function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module.section(&RawSection { id: 0, data: b"\x04kept" });
        module.finish()
    }

    fn operators(program: &[u8]) -> Vec<String> {
        let mut operators = Vec::new();
        for payload in Parser::new(0).parse_all(program) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                let all = body.get_operators_reader().unwrap().into_iter();
                operators = all.map(|operator| format!("{:?}", operator.unwrap())).collect();
            }
        }
        operators
    }

    #[test]
    fn a_sum_and_product_become_two_instructions_with_a_local_behind_the_functions_own() {
        let fused = [0, 0, 0].map(Instruction::LocalGet).into_iter();
        let fused: Vec<_> = fused.chain([Instruction::F32x4RelaxedMadd, Instruction::Drop]).collect();
        let plain = without_fma(&program(&fused)).unwrap();
        let local = |name: &str, n: u32| format!("{name} {{ local_index: {n} }}");
        let get = local("LocalGet", 0);
        let (set_sum, get_sum) = (local("LocalSet", 5), local("LocalGet", 5));
        let expected = [&*get, &get, &get, &set_sum, "F32x4Mul", &get_sum, "F32x4Add", "Drop", "End"];
        assert_eq!(operators(&plain), expected);
        assert!(plain.ends_with(b"\x04kept"));
        let debug = without_fma(&[&program(&[])[..], b"\0\x0c\x0b.debug_line"].concat()).unwrap();
        assert_eq!(debug, program(&[]));
    }

    #[test]
    fn the_greater_of_two_is_the_second_where_they_cannot_be_compared() {
        for (relaxed, choice) in
            [(Instruction::F32x4RelaxedMax, "F32x4PMax"), (Instruction::F32x4RelaxedMin, "F32x4PMin")]
        {
            let plain = without_fma(&program(&[relaxed])).unwrap();
            let locals = [("LocalSet", 6), ("LocalSet", 5), ("LocalGet", 6), ("LocalGet", 5)];
            let locals = locals.map(|(name, n)| format!("{name} {{ local_index: {n} }}"));
            assert_eq!(operators(&plain), [&locals[..], &[choice.into(), "End".into()]].concat());
        }
    }

    #[test]
    fn a_program_without_such_instructions_stays_as_it_is() {
        // The bytes of a relaxed instruction, in a constant.
        let same = program(&[Instruction::I64Const(33_533), Instruction::Drop, Instruction::LocalGet(0)]);
        assert!(same.windows(3).any(is_relaxed));
        assert_eq!(without_fma(&same).unwrap(), same);
    }

    #[test]
    fn what_cannot_be_translated_is_refused_by_name() {
        let refusal = without_fma(&program(&[Instruction::F64x2RelaxedMadd])).unwrap_err().to_string();
        assert!(refusal.starts_with("F64x2RelaxedMadd is not translated"), "{refusal}");
        assert!(without_fma(b"no program").is_err());
    }
}
