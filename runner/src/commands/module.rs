//! `module show` and `module check`: the facts and the behaviour of a module, before it is trusted.

mod facts;
#[cfg(feature = "full")]
mod foreign;

use crate::cli::Module;
use crate::error::Error;
use crate::module::BUILD;
use crate::module::pin::BUILT_IN_MODULE;
use crate::sandbox::Guest;
use crate::variables::Variables;

#[cfg_attr(
    not(feature = "full"),
    expect(unused_variables, reason = "only `module check` of the full build uses the variables")
)]
pub(super) fn run(command: Module, variables: &Variables) -> Result<(), Error> {
    match command {
        Module::Show { file: None } => {
            let name = format!("(built-in, of the {BUILD} notifier)");
            facts::show(&name, &Guest::built_in()?.facts(env!("CARGO_PKG_VERSION")), BUILT_IN_MODULE);
            Ok(())
        }
        #[cfg(feature = "full")]
        Module::Show { file: Some(file) } => foreign::show(&file),
        #[cfg(feature = "full")]
        Module::Check { file, slack, settings } => {
            foreign::check(&file, slack.then(|| settings.or_from(variables)).as_ref(), variables)
        }
        #[cfg(not(feature = "full"))]
        Module::Show { file: Some(path) } | Module::Check { file: path, .. } => Err(Error::Slim { path }),
    }
}
