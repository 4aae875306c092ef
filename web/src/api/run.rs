use js_sys::Object;
use protocol::{Command, DataSource, Reply};
use wasm_bindgen::JsValue;

use super::arguments::{self, Source};
use super::{Outcome, done, method, request, unexpected};
use crate::data_panel::load_files;
use crate::link::{fields_to_js, to_js};
use crate::store::Workbench;

/// Training, evaluating, resetting.
pub fn install(api: &Object, workbench: Workbench) {
    method(api, "train", move |argument| async move { train(workbench, &argument).await });
    method(api, "step", move |_| async move {
        let steps = Object::new();
        super::set(&steps, "steps", &1.into());
        train(workbench, &steps).await
    });
    method(
        api,
        "pause",
        move |_| async move { request(workbench, Command::Pause, Vec::new()).await.map(done) },
    );
    method(api, "reset", move |argument| async move {
        let seed = arguments::seed(&argument)?;
        request(workbench, Command::Reset { seed }, Vec::new()).await.map(done)
    });
    method(api, "evaluate", move |argument| async move {
        let split = arguments::split(&argument)?;
        match request(workbench, Command::Evaluate { split }, Vec::new()).await? {
            (Reply::Evaluated(evaluation), _) => {
                let result = to_js(&evaluation);
                leptos::prelude::Set::set(&workbench.evaluation, Some(evaluation));
                result
            }
            _ => Err(unexpected()),
        }
    });
}

async fn train(workbench: Workbench, argument: &JsValue) -> Outcome {
    let until = arguments::until(argument)?;
    workbench.check_valid_now()?;
    match request(workbench, Command::Train { until }, Vec::new()).await? {
        (trained @ Reply::Trained { .. }, _) => fields_to_js(&trained),
        _ => Err(unexpected()),
    }
}

/// Loads a data set and waits until it is in use.
pub async fn load_data(workbench: Workbench, argument: &JsValue) -> Outcome {
    let source = match arguments::source(argument)? {
        Source::Files(files) => {
            load_files(workbench, files).await?;
            return Ok(JsValue::UNDEFINED);
        }
        Source::Generated => DataSource::Generated,
        Source::Mnist => DataSource::Mnist,
    };
    request(workbench, Command::LoadData { source }, Vec::new()).await.map(done)
}
