using System.Globalization;
using Larder.Registry.VirtualRegistries;

namespace Larder.Web.Maven;

/// <summary>What was typed into the form of an upstream; the password is never shown again.</summary>
public sealed record UpstreamDraft(
    string Name, string Description, string Url, string Username, string ValidityHours, string MetadataValidityHours, bool VerifiesChecksumFiles)
{
    /// <summary>The form of a new one: GitLab's defaults.</summary>
    public static UpstreamDraft New { get; } = new("", "", "", "", "24", "24", false);

    /// <summary>As typed; kept out of every text that is written of this record.</summary>
    private string Password { get; init; } = "";

    /// <summary>The form of a saved one.</summary>
    public static UpstreamDraft Of(Upstream upstream) => new(
        upstream.Name, upstream.Description ?? "", upstream.Url, upstream.Username ?? "", Text(upstream.CacheValidityHours),
        Text(upstream.MetadataCacheValidityHours), upstream.Settings.VerifiesChecksumFiles);

    /// <summary>What was sent.</summary>
    internal static UpstreamDraft Read(PageForm form) => new(
        form["name"], form["description"], form["url"], form["username"], form["cache_validity_hours"], form["metadata_cache_validity_hours"],
        form["verify_checksum_files"].Length > 0)
    {
        Password = form.Exact("password"),
    };

    /// <summary>
    /// That the stored password goes to no other address than the one it was given for: the API would forget it without a word.
    /// </summary>
    internal FormErrors PasswordProblem(Upstream before) =>
        Username.Length > 0 && Password.Length == 0 && (UpstreamUrl.Normalize(Url).Url ?? Url) != before.Url
            ? FormErrors.Of("password", "must be typed again for another address; the stored one is not sent there") : FormErrors.None;

    /// <summary>The parameters of creating it.</summary>
    internal Dictionary<string, object> ForCreation() => WithCredentials(All(), isSaved: false);

    /// <summary>The parameters of changing it.</summary>
    internal Dictionary<string, object> ForChange(Upstream before) => WithCredentials(All(), isSaved: before.Username is not null);

    /// <summary>The parameters of testing it before there is one.</summary>
    internal Dictionary<string, object> ForFirstTest() => WithCredentials(new() { ["url"] = Url }, isSaved: false);

    /// <summary>The parameters of testing a saved one with what was typed.</summary>
    internal Dictionary<string, object> ForTest(Upstream saved) => WithCredentials(new() { ["url"] = Url }, isSaved: saved.Username is not null);

    private Dictionary<string, object> All() => new()
    {
        ["name"] = Name, ["description"] = Description, ["url"] = Url, ["cache_validity_hours"] = ValidityHours,
        ["metadata_cache_validity_hours"] = MetadataValidityHours, ["verify_checksum_files"] = VerifiesChecksumFiles,
    };

    // Both or neither, as the API wants it; a blank password beside the name of a saved upstream means the stored one.
    private Dictionary<string, object> WithCredentials(Dictionary<string, object> parameters, bool isSaved)
    {
        if (Username.Length > 0 || Password.Length > 0 || isSaved) parameters["username"] = Username;
        if (Password.Length > 0 || (isSaved ? Username.Length == 0 : Username.Length > 0)) parameters["password"] = Password;
        return parameters;
    }

    private static string Text(long hours) => hours.ToString(CultureInfo.InvariantCulture);
}
