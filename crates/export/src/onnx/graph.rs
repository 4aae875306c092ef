//! An ONNX graph as it grows.

use super::proto::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, NodeProto, Size, TensorProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use super::{INPUT, OUTPUT};

/// The nodes, constants and shapes so far.
#[derive(Default)]
pub struct Builder {
    graph: GraphProto,
}

impl Builder {
    /// Adds numbers that nodes read under this name.
    pub fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dims = shape.iter().map(|&size| size as i64).collect();
        self.graph.initializer.push(TensorProto { dims, data_type: FLOAT, name: name.to_owned(), raw_data });
    }

    /// Adds an operation.
    pub fn node(
        &mut self,
        op_type: &str,
        name: &str,
        inputs: &[&str],
        output: &str,
        attribute: Vec<AttributeProto>,
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: name.to_owned(),
            op_type: op_type.to_owned(),
            attribute,
        });
    }

    /// Notes the shape of a value between two layers, without the batch.
    pub fn describe(&mut self, name: &str, shape: &[usize]) {
        self.graph.value_info.push(batched(name, shape));
    }

    /// The graph, from images to logits; both shapes without the batch.
    pub fn finish(self, input: &[usize], output: &[usize]) -> GraphProto {
        GraphProto {
            name: "receptive".to_owned(),
            input: vec![batched(INPUT, input)],
            output: vec![batched(OUTPUT, output)],
            ..self.graph
        }
    }
}

/// A batch of unknown size of float32 values of this shape.
fn batched(name: &str, shape: &[usize]) -> ValueInfoProto {
    let batch = Size::Param("batch".to_owned());
    let sizes = std::iter::once(batch).chain(shape.iter().map(|&size| Size::Value(size as i64)));
    let dim = sizes.map(|size| DimensionProto { value: Some(size) }).collect();
    let tensor = TensorTypeProto { elem_type: FLOAT, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}
