use leptos::prelude::*;

use super::grid_view::GridView;
use crate::figures;
use crate::paint::{Palette, Picture, Scale};
use crate::store::Workbench;

/// The picture that goes in.
#[component]
pub fn InputView() -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let at = RwSignal::new(None::<[usize; 2]>);
    let picture = move || {
        let values = workbench.picture()?;
        Some(palette.with(|palette| Picture::map(&values, 28, Scale::Sequential(1.0), palette)))
    };
    let reading = move || {
        let [row, column] = at.get()?;
        let value = *workbench.picture()?.get(row * 28 + column)?;
        Some(format!("[0, {row}, {column}] = {}", figures::value(value)))
    };
    view! {
        <section class="block" data-testid="inspector-input">
            <div class="inspector-head">
                <h3>"Input"</h3>
                <span class="spacer"></span>
                <span class="shape">{move || workbench.model.with(|model| figures::shape(&model.input))}</span>
            </div>
            <div class="frame"><GridView picture fit=308 label="The input. Arrow keys walk its pixels." testid="large-input" at/></div>
            <p class="reading" data-testid="pixel-value">{move || reading().unwrap_or_else(|| "0 is paper, 1 is ink".to_owned())}</p>
        </section>
    }
}
