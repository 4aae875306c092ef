use js_sys::{Array as JsArray, Uint8Array};
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nn::ModelSpec;
use protocol::{Array, Command, ExportFormat, Reply};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

use crate::menu::Menu;
use crate::store::Workbench;

/// Saving and loading the network (JSON) and its weights (safetensors), and files for other programs.
#[component]
pub fn FileMenu() -> impl IntoView {
    let workbench = Workbench::get();
    let network_input = NodeRef::<Input>::new();
    let weights_input = NodeRef::<Input>::new();
    let save_network = move |_| {
        let json = workbench.model.with_untracked(ModelSpec::to_json);
        download("network.json", "application/json", json.as_bytes())
            .unwrap_or_else(|error| workbench.warn(error));
    };
    let export = move |format| {
        move |_| {
            if let Err(error) = workbench.check_valid_now() {
                return workbench.warn(format!("There is nothing to export: {error}."));
            }
            workbench.ask(Command::Export { format }, Vec::new(), move |reply, arrays| {
                if let (Reply::Exported { file_name }, Some(Array::U8(bytes))) = (reply, arrays.first()) {
                    download(&file_name, "application/octet-stream", bytes)
                        .unwrap_or_else(|error| workbench.warn(error));
                }
            });
        }
    };
    let load_network = move |_| {
        with_chosen_file(network_input, workbench, move |name, bytes| {
            let model = String::from_utf8(bytes).map_err(|_| "it is not text".to_owned());
            match model.and_then(|text| ModelSpec::from_json(&text).map_err(|error| error.to_string())) {
                Ok(model) => workbench.edit_model(model),
                Err(error) => workbench.warn(format!("{name} cannot be loaded: {error}.")),
            }
        });
    };
    let load_weights = move |_| {
        with_chosen_file(weights_input, workbench, move |name, bytes| {
            workbench.ask(Command::SetWeights, vec![Array::U8(bytes)], move |_, _| {
                workbench.tell(format!("The weights of {name} are in use."));
            });
        });
    };
    let open = |input: NodeRef<Input>| {
        move |_| {
            if let Some(input) = input.get_untracked() {
                input.click();
            }
        }
    };
    view! {
        <Menu
            id="file-menu"
            label="Save, load or export the network and its weights"
            testid="file-menu-button"
            face=view! { "File " <span class="caret" aria-hidden="true">"▾"</span> }.into_any()
        >
            <Item testid="save-network" name="Save network" about="JSON: the layers and their arguments" act=save_network/>
            <Item testid="load-network" name="Load network…" about="A JSON file saved here" act=open(network_input)/>
            <Item testid="save-weights" name="Save weights" about="safetensors, with PyTorch's names" act=export(ExportFormat::Safetensors)/>
            <Item testid="load-weights" name="Load weights…" about="A safetensors file that fits this network" act=open(weights_input)/>
            <Item testid="export-pytorch" name="Export to PyTorch" about="A script that trains it; save the weights beside it" act=export(ExportFormat::Pytorch)/>
            <Item testid="export-onnx" name="Export to ONNX" about="One file for ONNX Runtime and others, weights inside" act=export(ExportFormat::Onnx)/>
        </Menu>
        <input
            node_ref=network_input
            type="file"
            class="visually-hidden"
            tabindex="-1"
            accept=".json,application/json"
            aria-label="A network's JSON file"
            data-testid="network-file"
            on:change=load_network
        />
        <input
            node_ref=weights_input
            type="file"
            class="visually-hidden"
            tabindex="-1"
            accept=".safetensors"
            aria-label="A safetensors file of weights"
            data-testid="weights-file"
            on:change=load_weights
        />
    }
}

#[component]
fn Item(
    testid: &'static str,
    name: &'static str,
    about: &'static str,
    act: impl Fn(leptos::ev::MouseEvent) + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="menu-item"
            data-testid=testid
            popovertarget="file-menu"
            popovertargetaction="hide"
            on:click=act
        >
            <span class="menu-name">{name}</span>
            <span class="menu-about">{about}</span>
        </button>
    }
}

/// Offers bytes as a file to keep.
///
/// # Errors
/// What the browser refuses.
fn download(name: &str, kind: &str, bytes: &[u8]) -> Result<(), String> {
    let offer = || -> Result<(), JsValue> {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let parts = JsArray::of1(&Uint8Array::from(bytes));
        let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
        Url::revoke_object_url(&url)
    };
    offer().map_err(|error| format!("{name} could not be saved: {error:?}"))
}

fn with_chosen_file(
    input: NodeRef<Input>,
    workbench: Workbench,
    then: impl FnOnce(String, Vec<u8>) + 'static,
) {
    let Some(input) = input.get_untracked() else { return };
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    input.set_value(""); // The same file can be chosen again.
    spawn_local(async move {
        match read_file(&file).await {
            Ok(bytes) => then(file.name(), bytes),
            Err(error) => workbench.warn(error),
        }
    });
}

/// A file's bytes.
///
/// # Errors
/// Where the browser cannot read it.
pub async fn read_file(file: &File) -> Result<Vec<u8>, String> {
    let buffer = JsFuture::from(file.array_buffer()).await;
    let buffer = buffer.map_err(|error| format!("{} could not be read: {error:?}", file.name()))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
