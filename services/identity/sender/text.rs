//! The words of a message. They name nobody: who reads along learns that there was a breach, not who was in it.

use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::kernel::language::primary;
use crate::kernel::secrets::Secret;

/// Says that a new contact was given.
pub const NEW_CONTACT: &str = "A new e-mail address or telephone number was given for your enrollment in credit monitoring. If that \
    was not you, call the number in your letter.";

/// Says that somebody was verified and enrolled.
pub const PROOFED: &str = "You were identified and enrolled in the credit monitoring that you were offered after a data breach. If that was \
    you, there is nothing to do. If it was not you, call the number in your letter or open the web page that it names, and give the token \
    below: the enrollment is stopped.";

/// Says that a term is over.
pub const TERM_OVER: &str = "The credit monitoring that you were offered after a data breach has come to its end. Nothing is renewed, no card is \
    charged, and you need do nothing. You can still freeze your credit file at every bureau, free of charge. If you think that your \
    identity is misused, call the number in your letter.";

const TERM_OVER_SPANISH: &str = "El monitoreo de crédito que se le ofreció después de una filtración de datos ha llegado a su fin. Nada se \
    renueva, no se cobra a ninguna tarjeta y no tiene que hacer nada. Todavía puede congelar su archivo de crédito en cada agencia, sin costo. \
    Si cree que alguien usa su identidad, llame al número que aparece en su carta.";

const NEW_CONTACT_SPANISH: &str = "Se indicó una nueva dirección de correo electrónico o un nuevo número de teléfono para su inscripción en el \
    monitoreo de crédito. Si no fue usted, llame al número que aparece en su carta.";

const PROOFED_SPANISH: &str = "Usted fue identificado e inscrito en el monitoreo de crédito que se le ofreció después de una filtración de \
    datos. Si fue usted, no tiene que hacer nada. Si no fue usted, llame al número que aparece en su carta o abra la página web que indica, y \
    dé el código de abajo: la inscripción se detiene.";

/// Gives the text of an e-mail with a confirmation code, in English and in Spanish, that of the person first.
pub fn confirmation(digits: &Secret<String>, expires_at: Timestamp, language: &str) -> String {
    let (digits, until) = (digits.expose(), minutes(expires_at));
    let english = format!(
        "Your confirmation code is {digits}. It is good until {until}. Give it only where you asked for it; nobody will call you for it."
    );
    let spanish = format!(
        "Su código de confirmación es {digits}. Es válido hasta {until}. Indíquelo solo donde lo pidió; nadie le llamará para pedírselo."
    );
    let (first, second) = match primary(language) {
        "es" => (spanish, english),
        _ => (english, spanish),
    };
    format!("{first}\n\n{second}\n")
}

/// Gives the text of an e-mail that tells of a new contact.
pub fn new_contact() -> String {
    format!("{NEW_CONTACT}\n\n{NEW_CONTACT_SPANISH}\n")
}

/// Gives the text of an e-mail that tells of a proofing.
pub fn proofing(token: &Secret<String>, expires_at: Timestamp) -> String {
    let (token, until) = (token.expose(), minutes(expires_at));
    format!("{PROOFED}\n\n{PROOFED_SPANISH}\n\n{token}\n({until})\n")
}

/// Gives the text of an e-mail that tells of the end of a term.
pub fn term_over() -> String {
    format!("{TERM_OVER}\n\n{TERM_OVER_SPANISH}\n")
}

/// Writes an instant as both languages read it.
fn minutes(at: Timestamp) -> String {
    let civil = at.to_jiff().map(|at| TimeZone::UTC.to_datetime(at));
    civil.map_or_else(
        |_| at.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}
