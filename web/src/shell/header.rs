use leptos::prelude::*;
use nn::presets::Preset;

use super::file_menu::FileMenu;
use super::help::Help;
use super::theme::ThemeSwitch;
use crate::menu::Menu;
use crate::store::Workbench;

/// Name, presets, undo and redo, files, theme, help.
#[component]
pub fn Header() -> impl IntoView {
    let workbench = Workbench::get();
    let can_undo = move || workbench.history.with(|history| !history.before.is_empty());
    let can_redo = move || workbench.history.with(|history| !history.after.is_empty());
    view! {
        <header class="header">
            <h1 class="brand">
                <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
                    <rect class="mark-field" x="0.5" y="0.5" width="15" height="15" rx="2"></rect>
                    <rect class="mark-window" x="4" y="4" width="8" height="8"></rect>
                    <rect class="mark-cell" x="7" y="7" width="2" height="2"></rect>
                </svg>
                "Receptive"
            </h1>
            <PresetMenu/>
            <div class="group" role="group" aria-label="History of the network">
                <button
                    type="button"
                    class="button icon"
                    data-testid="undo"
                    aria-label="Undo the last change to the network"
                    title="Undo (Ctrl+Z)"
                    disabled=move || !can_undo()
                    on:click=move |_| workbench.undo()
                >
                    "↶"
                </button>
                <button
                    type="button"
                    class="button icon"
                    data-testid="redo"
                    aria-label="Redo the change to the network"
                    title="Redo (Ctrl+Shift+Z)"
                    disabled=move || !can_redo()
                    on:click=move |_| workbench.redo()
                >
                    "↷"
                </button>
            </div>
            <FileMenu/>
            <span class="spacer"></span>
            <ThemeSwitch/>
            <Help/>
        </header>
    }
}

/// The networks to start from.
#[component]
fn PresetMenu() -> impl IntoView {
    let workbench = Workbench::get();
    let presets = StoredValue::new(nn::presets::all());
    let current = move || {
        workbench.model.with(|model| {
            presets.with_value(|presets| presets.iter().find(|preset| preset.model == *model).map(|p| p.name))
        })
    };
    let face = view! {
        <span class="preset-name">{move || current().unwrap_or("Your network")}</span>
        <span class="caret" aria-hidden="true">"▾"</span>
    };
    let item = move |preset: Preset| {
        let name = preset.name;
        view! {
            <button
                type="button"
                class="menu-item"
                data-testid=format!("preset-{}", preset.id)
                popovertarget="preset-menu"
                popovertargetaction="hide"
                aria-current=move || (current() == Some(name)).then_some("true")
                on:click=move |_| workbench.edit_model(preset.model.clone())
            >
                <span class="menu-name">{name}</span>
                <span class="menu-about">{preset.about}</span>
            </button>
        }
    };
    view! {
        <Menu id="preset-menu" label="Choose a network to start from" testid="preset-menu-button" face=face.into_any()>
            {presets.get_value().into_iter().map(item).collect_view()}
        </Menu>
    }
}
