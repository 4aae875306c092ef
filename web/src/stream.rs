//! Bytes that the browser delivers, and decompresses, bit by bit.

use data::{DataError, idx};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair};

use crate::link::field;

#[wasm_bindgen]
extern "C" {
    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// All bytes of a stream, or none where there are more than so many. `progress` is told how many there are so far.
///
/// # Errors
/// What ended the stream before its end.
pub async fn read(
    stream: &ReadableStream,
    most_bytes: u64,
    progress: impl Fn(u64),
) -> Result<Option<Vec<u8>>, JsValue> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    progress(0);
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if field(&chunk, "done").is_truthy() {
            return Ok(Some(bytes));
        }
        let chunk: Uint8Array = field(&chunk, "value").unchecked_into();
        let start = bytes.len();
        if start as u64 + u64::from(chunk.length()) > most_bytes {
            // Whatever sends more need not go on; that it cannot be told changes nothing.
            drop(reader.cancel());
            return Ok(None);
        }
        bytes.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[start..]);
        progress(bytes.len() as u64);
    }
}

/// A gzipped file's content, by the browser's own decompressor, or the bytes as they are.
///
/// # Errors
/// Where the compressed data is damaged, or holds more than [`idx::MOST_BYTES`].
pub async fn decompress(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
    if !idx::is_gzipped(&bytes) {
        return Ok(bytes);
    }
    let damaged = |error: JsValue| DataError::Gzip { name: name.into(), reason: describe(&error) };
    let content = decompressed(&bytes).map_err(damaged)?;
    let content = read(&content, idx::MOST_BYTES, |_| ()).await.map_err(damaged)?;
    content.ok_or_else(|| DataError::TooLarge { name: name.into(), limit_bytes: idx::MOST_BYTES })
}

fn decompressed(bytes: &[u8]) -> Result<ReadableStream, JsValue> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))?;
    let through: ReadableWritablePair = DecompressionStream::new("gzip")?.unchecked_into();
    Ok(blob.stream().pipe_through(&through))
}

/// An error of the browser in its words.
pub fn describe(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}
