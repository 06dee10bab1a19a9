using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>What every page of settings shows around its own.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="PlacePath">The full path of the group or project that it is about; null for oneself.</param>
/// <param name="Address">Its own, without a query.</param>
/// <param name="Trail">The way here.</param>
/// <param name="Navigation">The pages of this area that the reader may see.</param>
/// <param name="Attempt">The form that was refused just now.</param>
/// <param name="Done">What was done just now, in a sentence; empty when nothing was.</param>
/// <param name="NewSecret">What was made just now and is shown this once; null when nothing was.</param>
public sealed record SettingsView(
    string Title, string? PlacePath, string Address, IReadOnlyList<Crumb> Trail, IReadOnlyList<SettingsLink> Navigation, Attempt Attempt, string Done,
    NewSecret? NewSecret)
{
    /// <summary>Tells this window from those of other places.</summary>
    public string WindowTitle => PlacePath is null ? Title : $"{(Title == "General" ? "General settings" : Title)} of {PlacePath}";
}

/// <summary>A page of settings in the navigation.</summary>
public sealed record SettingsLink(string Title, string Address, bool IsHere);

/// <summary>A secret that nobody can have again.</summary>
/// <param name="Name">Of what it opens.</param>
/// <param name="Text">The secret.</param>
public sealed record NewSecret(string Name, string Text);

/// <summary>A form that was refused: what was typed stays, and what was wrong stands beside it.</summary>
public sealed class Attempt
{
    private readonly PageForm? form;
    private readonly FormErrors errors;

    internal Attempt(PageForm? form, FormErrors errors) => (this.form, this.errors) = (form, errors);

    /// <summary>No form was sent.</summary>
    public static Attempt None { get; } = new(null, FormErrors.None);

    /// <summary>Whether it was this form, and of this row where the page has one for each.</summary>
    public bool Is(string action, string row = "") => form is not null && form["do"] == action && (row.Length == 0 || form["id"] == row);

    /// <summary>What was wrong with this form.</summary>
    public FormErrors ErrorsOf(string action, string row = "") => Is(action, row) ? errors : FormErrors.None;

    /// <summary>What was typed into a field of this form; what it shows at first where it was not sent.</summary>
    public string Typed(string action, string field, string first = "", string row = "") => Is(action, row) ? form![field] : first;

    /// <summary>Whether a box of this form was ticked.</summary>
    public bool Ticked(string action, string field, string value, bool first = false, string row = "") =>
        Is(action, row) ? form!.All(field).Contains(value) : first;
}
