use leptos::html::Input;
use leptos::prelude::*;
use protocol::{Command, DataSource};

use super::files::load_into;
use crate::figures;
use crate::store::{Progress, Workbench};

/// Which data set is in use, its splits, and the choice of another.
#[component]
pub fn Source() -> impl IntoView {
    let workbench = Workbench::get();
    let input = NodeRef::<Input>::new();
    let load = move |source| workbench.send(Command::LoadData { source });
    let chosen = move |_| {
        if let Some(files) = input.get_untracked().and_then(|input| input.files()) {
            load_into(workbench, &files);
        }
    };
    view! {
        <section class="block" aria-label="Data set">
            <Current/>
            <div class="group sources" role="group" aria-label="Load a data set">
                <button
                    type="button"
                    class="button"
                    data-testid="data-generated"
                    title="Digits drawn on the spot; nothing is downloaded"
                    on:click=move |_| load(DataSource::Generated)
                >
                    "Built-in"
                </button>
                <button
                    type="button"
                    class="button"
                    data-testid="data-mnist"
                    title="60,000 and 10,000 handwritten digits, about 11 MiB"
                    on:click=move |_| load(DataSource::Mnist)
                >
                    "MNIST"
                </button>
                <button
                    type="button"
                    class="button"
                    data-testid="data-files"
                    title="Four IDX files, gzipped or not; they can be dropped on this panel too"
                    on:click=move |_| {
                        if let Some(input) = input.get_untracked() {
                            input.set_value("");
                            input.click();
                        }
                    }
                >
                    "Own files…"
                </button>
                <input
                    node_ref=input
                    type="file"
                    multiple
                    class="visually-hidden"
                    tabindex="-1"
                    aria-label="Four IDX files"
                    data-testid="data-file-input"
                    on:change=chosen
                />
            </div>
            <Loading/>
        </section>
    }
}

#[component]
fn Current() -> impl IntoView {
    let workbench = Workbench::get();
    move || match workbench.data.get() {
        None => view! {
            <div class="data-name">"No data yet"</div>
            <p class="note">"The built-in digits are drawn as the page opens."</p>
        }
        .into_any(),
        Some(data) => {
            let mark = data.verified_mnist.then(|| {
                view! { <span class="tag" title="The files are MNIST byte for byte (SHA-256)">"✓ verified"</span> }
            });
            let split = |name, n: usize, about| {
                view! { <div title=about><dt>{name}</dt><dd>{figures::count(n as u64)}</dd></div> }
            };
            view! {
                <div class="data-name" data-testid="data-name">{data.name}{mark}</div>
                <p class="note">{data.origin}</p>
                <dl class="splits" data-testid="splits">
                    {split("train", data.n_train, "What the network learns from")}
                    {split("validation", data.n_validation, "Held back from training, to compare settings by")}
                    {split("test", data.n_test, "Looked at only when you ask for it, in the evaluation below")}
                </dl>
            }
            .into_any()
        }
    }
}

/// The data set on its way.
#[component]
fn Loading() -> impl IntoView {
    let workbench = Workbench::get();
    let text = |progress: &Progress| match progress.total_bytes {
        Some(total) => format!("{} of {}", figures::bytes(progress.received_bytes), figures::bytes(total)),
        None => figures::bytes(progress.received_bytes),
    };
    move || {
        workbench.data_progress.get().map(|progress| {
            view! {
                <div class="loading" role="status" data-testid="data-progress">
                    <span class="loading-file">{progress.file.clone()}</span>
                    <span class="figures">{text(&progress)}</span>
                    <progress
                        aria-label="Loading the data"
                        max=progress.total_bytes.map(|total| total.to_string())
                        value=progress.total_bytes.map(|_| progress.received_bytes.to_string())
                    ></progress>
                </div>
            }
        })
    }
}
