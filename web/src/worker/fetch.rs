//! MNIST's files: from the page's own origin, else from a public mirror.

use data::idx;
use protocol::Event;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, DedicatedWorkerGlobalScope, RequestInit, RequestMode, Response};

use super::Files;
use crate::stream::{self, describe};

/// A server that has not sent everything after so long is given up.
const TIMEOUT_MILLIS: u32 = 120_000;

/// The four files of the first source that has them, and which source that is. `progress` is told what comes in.
///
/// # Errors
/// Why each of the sources failed, and what to do.
pub(super) async fn mnist(
    scope: &DedicatedWorkerGlobalScope,
    progress: impl Fn(Event),
) -> Result<(Files, String), String> {
    let own = web_sys::Url::new_with_base("data/mnist/", &scope.location().href())
        .map_err(|error| describe(&error))?
        .href();
    let mut failures = Vec::new();
    let sources = std::iter::once((own, "this site".to_owned()))
        .chain(data::mnist::MIRRORS.iter().map(|mirror| ((*mirror).to_owned(), host(mirror))));
    for (base, name) in sources {
        match all_files(scope, &base, &progress).await {
            Ok(files) => return Ok((files, format!("fetched from {name}"))),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    Err(format!(
        "MNIST could not be fetched ({}). Drop its four files onto the data panel, or go on with the built-in digits.",
        failures.join("; ")
    ))
}

fn host(url: &str) -> String {
    url.split('/').nth(2).unwrap_or(url).to_owned()
}

async fn all_files(
    scope: &DedicatedWorkerGlobalScope,
    base: &str,
    progress: &impl Fn(Event),
) -> Result<Files, String> {
    let total_bytes = data::mnist::FILES.iter().map(|file| file.usual_bytes).sum::<Option<u64>>();
    let mut before = 0;
    let mut files = Vec::new();
    for file in &data::mnist::FILES {
        let name = file.name.to_owned();
        let bytes = one_file(scope, &format!("{base}{name}"), |received| {
            let received_bytes = before + received;
            progress(Event::DataProgress { file: name.clone(), received_bytes, total_bytes });
        })
        .await?;
        before += bytes.len() as u64;
        let bytes = stream::decompress(&name, bytes).await.map_err(|error| error.to_string())?;
        files.push((name, bytes));
    }
    Ok(files)
}

async fn one_file(
    scope: &DedicatedWorkerGlobalScope,
    url: &str,
    progress: impl Fn(u64),
) -> Result<Vec<u8>, String> {
    let init = RequestInit::new();
    init.set_mode(RequestMode::Cors);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MILLIS)));
    let response = JsFuture::from(scope.fetch_with_str_and_init(url, &init)).await;
    let response: Response = response.map_err(|error| describe(&error))?.unchecked_into();
    let is_page =
        response.headers().get("content-type").ok().flatten().is_some_and(|kind| kind.contains("html"));
    if !response.ok() || is_page {
        return Err(if is_page {
            "no such file".to_owned()
        } else {
            format!("status {}", response.status())
        });
    }
    let body = response.body().ok_or("an empty answer")?;
    let bytes = stream::read(&body, idx::MOST_BYTES, progress).await.map_err(|error| describe(&error))?;
    bytes.ok_or_else(|| format!("more than {} bytes", idx::MOST_BYTES))
}
