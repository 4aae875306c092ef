use std::sync::Arc;

use leptos::prelude::*;
use protocol::{Array, Command, Reply, Sample, SampleInfo, Split};

use crate::paint::{Palette, Picture, Pixels, Scale};
use crate::store::Workbench;

/// Pictures of each class in the grid.
const PER_CLASS: usize = 2;
/// Numbers in one picture.
const N_PIXELS: usize = 28 * 28;

/// One picture of the grid.
#[derive(Clone, Debug, PartialEq)]
struct Thumbnail {
    info: SampleInfo,
    pixels: Arc<Vec<f32>>,
}

/// Some pictures of each class; one column per class.
#[component]
pub fn SampleGrid() -> impl IntoView {
    let workbench = Workbench::get();
    let split = RwSignal::new(Split::Train);
    let page = RwSignal::new(0_usize);
    let thumbnails = RwSignal::new(Vec::<Thumbnail>::new());
    Effect::new(move |_| {
        let (split, page) = (split.get(), page.get());
        if workbench.data.with(Option::is_none) {
            return;
        }
        workbench.ask(
            Command::Samples { split, per_class: PER_CLASS, page },
            Vec::new(),
            move |reply, arrays| {
                if let (Reply::Samples { samples }, Some(Array::U8(bytes))) = (reply, arrays.first()) {
                    thumbnails.set(thumbnails_of(samples, bytes));
                }
            },
        );
    });
    let choose_split = move |event: web_sys::Event| {
        split.set(if event_target_value(&event) == "validation" { Split::Validation } else { Split::Train });
        page.set(0);
    };
    view! {
        <section class="block" aria-label="Samples">
            <div class="block-head">
                <h3>"Samples"</h3>
                <select data-testid="sample-split" aria-label="From which split" on:change=choose_split>
                    <option value="train">"train"</option>
                    <option value="validation">"validation"</option>
                </select>
                <button
                    type="button"
                    class="button small"
                    data-testid="other-samples"
                    disabled=move || workbench.data.with(Option::is_none)
                    on:click=move |_| page.update(|page| *page += 1)
                >
                    "Others"
                </button>
            </div>
            <div class="sample-grid" data-testid="sample-grid">
                {move || {
                    if thumbnails.with(Vec::is_empty) {
                        let empty = |_| view! { <span class="sample empty"></span> };
                        return (0..20).map(empty).collect_view().into_any();
                    }
                    // One column per class: the first of each, then the second of each.
                    let mut columns = thumbnails.get();
                    let mut seen = [0_usize; 256];
                    columns.sort_by_cached_key(|thumbnail| {
                        let label = usize::from(thumbnail.info.label);
                        seen[label] += 1;
                        (seen[label], label)
                    });
                    columns.into_iter().map(|thumbnail| view! { <Thumb thumbnail split/> }).collect_view().into_any()
                }}
            </div>
        </section>
    }
}

fn thumbnails_of(samples: Vec<SampleInfo>, bytes: &[u8]) -> Vec<Thumbnail> {
    let pictures = bytes.chunks_exact(N_PIXELS);
    let floats = |bytes: &[u8]| Arc::new(bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect());
    samples.into_iter().zip(pictures).map(|(info, bytes)| Thumbnail { info, pixels: floats(bytes) }).collect()
}

/// One picture, to be chosen.
#[component]
fn Thumb(thumbnail: Thumbnail, split: RwSignal<Split>) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let Thumbnail { info, pixels } = thumbnail;
    let sample = Sample::Stored { split: split.get_untracked(), idx: info.idx };
    let picture =
        move || Some(palette.with(|palette| Picture::map(&pixels, 28, Scale::Sequential(1.0), palette)));
    view! {
        <button
            type="button"
            class="sample"
            data-testid=format!("sample-{}", info.idx)
            title=format!("A {} (number {} of its split)", info.label, info.idx)
            aria-label=format!("Look at this {}, number {}", info.label, info.idx)
            aria-pressed=move || (workbench.sample.get() == sample).to_string()
            on:click=move |_| workbench.select_sample(sample)
        >
            <Pixels picture fit=28 label="" decorative=true/>
        </button>
    }
}
