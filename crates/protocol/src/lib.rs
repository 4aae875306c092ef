//! What crosses between the page and its worker: [`Command`]s one way, [`Event`]s the other. Types only, no logic.
//!
//! Large arrays do not travel inside these types but beside them, in [`Message::arrays`], so that a browser can
//! transfer instead of copy them; the documentation of each variant says which arrays go with it.

mod command;
mod event;

pub use command::{BackendChoice, Command, DataSource, ExportFormat, Request, Sample, Split, Until};
pub use event::{
    Asked, BackendKind, BackendStatus, DataStatus, Drawing, Evaluation, Event, Inspection, KernelTime,
    LayerView, ParameterView, Prediction, Reply, RunStatus, SampleInfo, StepMetrics, Trial, Validation,
};

/// Something serialisable and the large arrays that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<T> {
    /// What is said.
    pub body: T,
    /// The arrays, in the order that the body's documentation gives.
    pub arrays: Vec<Array>,
}

/// A large array.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Numbers (`Float32Array`).
    F32(Vec<f32>),
    /// Bytes (`Uint8Array`).
    U8(Vec<u8>),
}

impl<T> Message<T> {
    /// A message without arrays.
    pub const fn plain(body: T) -> Self {
        Self { body, arrays: Vec::new() }
    }
}
