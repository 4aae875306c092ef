//! Memory that kernels keep from call to call, so that nothing is allocated once it is large enough.

/// The first `len` numbers of memory that grows where it has to.
pub(super) fn sized(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if memory.len() < len {
        memory.resize(len, 0.0);
    }
    &mut memory[..len]
}

/// The same, all zeros.
pub(super) fn zeros(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    let memory = sized(memory, len);
    memory.fill(0.0);
    memory
}
