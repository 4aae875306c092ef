use leptos::ev;
use leptos::prelude::*;
use protocol::{Command, Until};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::store::Workbench;

/// The page's keys. Fields keep theirs; buttons keep the space bar.
pub fn install(workbench: Workbench) {
    // The handle is dropped on purpose: the listener lives as long as the page.
    let _listener = window_event_listener(ev::keydown, move |event| handle(workbench, &event));
}

fn handle(workbench: Workbench, event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let inside = |selector| target.as_ref().is_some_and(|t| t.closest(selector).ok().flatten().is_some());
    if event.default_prevented() || inside("input:not([type=checkbox]), select, textarea, dialog[open]") {
        return;
    }
    let control = event.ctrl_key() || event.meta_key();
    match (event.key().to_ascii_lowercase().as_str(), control) {
        ("z", true) if event.shift_key() => workbench.redo(),
        ("z", true) => workbench.undo(),
        ("y", true) => workbench.redo(),
        _ if control || event.alt_key() => return,
        (" ", _) if inside("button, summary, a, [role=button], input, canvas[tabindex]") => return,
        (" ", _) => workbench.toggle_training(),
        (".", _) => workbench.train(Until::Steps(1)),
        ("e", _) => workbench.train(Until::Epochs(1)),
        ("r", _) => workbench.send(Command::Reset { seed: None }),
        ("c", _) => click("clear-drawing"),
        ("?", _) => click("help-button"),
        _ => return,
    }
    event.prevent_default();
}

fn click(id: &str) {
    if let Some(button) =
        document().get_element_by_id(id).and_then(|button| button.dyn_into::<HtmlElement>().ok())
    {
        button.click();
    }
}
