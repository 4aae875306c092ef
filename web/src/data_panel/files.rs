use leptos::task::spawn_local;
use protocol::{Array, Command, DataSource};
use web_sys::{DragEvent, File, FileList};

use crate::shell::read_file;
use crate::store::Workbench;
use crate::stream;

/// A data set is two files of pictures and two of labels.
const N_FILES: usize = 4;

/// Whether something being dragged is a file.
pub fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}

/// Loads chosen or dropped files; what is wrong becomes a notice.
pub fn load_into(workbench: Workbench, list: &FileList) {
    let files: Vec<File> = (0..list.length()).filter_map(|i| list.get(i)).collect();
    if files.is_empty() {
        return;
    }
    spawn_local(async move {
        if let Err(error) = load_files(workbench, files).await {
            workbench.warn(error);
        }
    });
}

/// Sends IDX files to the worker and waits until the data set is in use.
///
/// # Errors
/// Where they are not four, cannot be read, or are not IDX files that belong together.
pub async fn load_files(workbench: Workbench, files: Vec<File>) -> Result<(), String> {
    if files.len() != N_FILES {
        return Err(format!(
            "A data set is four IDX files (pictures and labels, for training and for test), but the number given is {}.",
            files.len()
        ));
    }
    let names = files.iter().map(File::name).collect();
    let mut arrays = Vec::new();
    for file in &files {
        let content = stream::decompress(&file.name(), read_file(file).await?).await;
        arrays.push(Array::U8(content.map_err(|error| error.to_string())?));
    }
    let command = Command::LoadData { source: DataSource::Files { names } };
    workbench.engine.send(command, arrays).await.map(|_| ())
}
