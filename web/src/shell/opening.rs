//! What the page's address asks it to open with: `?model=lenet5&data=mnist&backend=cpu&workers=2`.

use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{BackendChoice, Command, DataSource};
use web_sys::UrlSearchParams;

use crate::store::{MOST_WORKERS, Workbench, workers_named};

/// Does what the address asks, once the worker is there; what it does not know becomes a notice.
pub fn install(workbench: Workbench) {
    Effect::new(move |done: Option<bool>| {
        let ready = workbench.ready.get();
        if ready && done != Some(true) {
            untrack(|| open(workbench));
        }
        ready
    });
}

fn open(workbench: Workbench) {
    let search = window().location().search().unwrap_or_default();
    let Ok(parameters) = UrlSearchParams::new_with_str(&search) else { return };
    match parameters.get("backend").as_deref() {
        None => {}
        Some("auto") => workbench.send(Command::SetBackend { backend: BackendChoice::Auto }),
        Some("gpu" | "webgpu") => workbench.send(Command::SetBackend { backend: BackendChoice::Gpu }),
        Some("cpu") => workbench.send(Command::SetBackend { backend: BackendChoice::Cpu }),
        Some(other) => workbench
            .warn(format!("The address asks for the backend {other:?}; there are auto, gpu and cpu.")),
    }
    match parameters.get("workers").as_deref().map(workers_named) {
        None => {}
        Some(Some(n_workers)) => workbench.send(Command::SetWorkers { n_workers }),
        Some(None) => workbench.warn(format!(
            "The address asks for a number of workers that cannot be; it may be auto, or from 1 to {MOST_WORKERS}."
        )),
    }
    match parameters.get("data").as_deref() {
        None | Some("generated") => {}
        Some("mnist") => workbench.send(Command::LoadData { source: DataSource::Mnist }),
        Some(other) => {
            workbench.warn(format!("The address asks for the data {other:?}; there are generated and mnist."))
        }
    }
    if let Some(id) = parameters.get("model") {
        match nn::presets::model(&id) {
            Some(model) => {
                let answer = workbench.submit_model(model);
                spawn_local(async move {
                    if let Err(error) = answer.await {
                        workbench.warn(error);
                    }
                });
            }
            None => {
                let ids: Vec<&str> = nn::presets::all().iter().map(|preset| preset.id).collect();
                workbench
                    .warn(format!("The address asks for the network {id:?}; there are {}.", ids.join(", ")));
            }
        }
    }
}
