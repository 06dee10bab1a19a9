using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What an upstream shall be, as a caller wants it. An empty username and password stand for none.</summary>
/// <param name="Url">As sent.</param>
/// <param name="Name">As sent.</param>
/// <param name="Description">As sent.</param>
/// <param name="Username">As sent, or the stored one.</param>
/// <param name="Password">As sent; null where none was, or where <paramref name="StoredPassword"/> stays.</param>
/// <param name="StoredPassword">The encrypted password that the upstream keeps.</param>
/// <param name="CacheValidityHours">As sent.</param>
/// <param name="MetadataCacheValidityHours">As sent.</param>
/// <param name="VerifiesChecksumFiles">As sent; Larder's own.</param>
internal sealed record UpstreamInput(
    string Url, string Name, string? Description, string? Username, string? Password, string? StoredPassword,
    long? CacheValidityHours, long? MetadataCacheValidityHours, bool? VerifiesChecksumFiles)
{
    private const string VerifyFlag = "verify_checksum_files";

    private static readonly string[] Changeable =
        ["name", "description", "url", "username", "password", "cache_validity_hours", "metadata_cache_validity_hours", VerifyFlag];

    /// <summary>Reads what creating one takes; what is wrong goes into the parameters' problems.</summary>
    public static UpstreamInput ForCreation(ApiParameters parameters)
    {
        var (url, name) = (parameters.RequiredText("url"), parameters.RequiredText("name"));
        var input = new UpstreamInput(url, name, parameters.Text("description"), null, null, null,
            parameters.Number("cache_validity_hours"), parameters.Number("metadata_cache_validity_hours"), parameters.Flag(VerifyFlag));
        return input.WithCredentials(parameters);
    }

    /// <summary>What shall be tested before there is an upstream.</summary>
    public static UpstreamInput ForFirstTest(ApiParameters parameters) =>
        new UpstreamInput(parameters.RequiredText("url"), "test", null, null, null, null, null, null, null).WithCredentials(parameters);

    /// <summary>Checks the parameters of a change by themselves, before the upstream is looked up.</summary>
    public static void CheckChange(ApiParameters parameters)
    {
        if (!Changeable.Any(parameters.Has))
            parameters.Problem($"{string.Join(", ", Changeable)} are missing, at least one parameter must be provided");
        parameters.FilledText("url");
        parameters.FilledText("name");
        parameters.Number("cache_validity_hours");
        parameters.Number("metadata_cache_validity_hours");
        parameters.Flag(VerifyFlag);
    }

    /// <summary>What the upstream shall be after a change, by the table of credentials in Maven contract section 1.6.</summary>
    public static UpstreamInput ForChange(Upstream before, ApiParameters parameters)
    {
        var url = parameters.Text("url") ?? before.Url;
        var input = new UpstreamInput(url, parameters.Text("name") ?? before.Name,
            parameters.Has("description") ? parameters.Text("description") : before.Description,
            before.Username, null, before.Password,
            parameters.Number("cache_validity_hours") ?? before.CacheValidityHours,
            parameters.Number("metadata_cache_validity_hours") ?? before.MetadataCacheValidityHours,
            parameters.Flag(VerifyFlag) ?? before.Settings.VerifiesChecksumFiles);
        return input.WithChangedCredentials(parameters, isElsewhere: (UpstreamUrl.Normalize(url).Url ?? url) != before.Url);
    }

    private UpstreamInput WithCredentials(ApiParameters parameters)
    {
        var input = this with { Username = parameters.Text("username"), Password = parameters.Text("password") };
        if (input.Username is null != (input.Password is null)) parameters.Problem("username, password provide all or none of parameters");
        return input;
    }

    /// <summary>What shall be tested of a saved upstream, by the table of Maven contract section 4.</summary>
    public static UpstreamInput ForTest(Upstream saved, ApiParameters parameters)
    {
        var url = parameters.Text("url") ?? saved.Url;
        var isElsewhere = (UpstreamUrl.Normalize(url).Url ?? url) != saved.Url;
        var stored = new UpstreamInput(url, saved.Name, saved.Description, saved.Username, null, saved.Password,
            saved.CacheValidityHours, saved.MetadataCacheValidityHours, saved.Settings.VerifiesChecksumFiles);
        var (username, password) = (parameters.Text("username"), parameters.Text("password"));
        var (hasName, hasPassword) = (!string.IsNullOrEmpty(username), !string.IsNullOrEmpty(password));
        if (hasName && !hasPassword && !isElsewhere && username == saved.Username) return stored;
        if (hasName || hasPassword) return stored with { Username = username, Password = password, StoredPassword = null };
        var isAnonymous = isElsewhere || (parameters.Has("username") && parameters.Has("password"));
        return isAnonymous ? stored with { Username = null, StoredPassword = null } : stored;
    }

    // The stored password goes to no other URL than the one that it was given for.
    private UpstreamInput WithChangedCredentials(ApiParameters parameters, bool isElsewhere)
    {
        var (hasUsername, hasPassword) = (parameters.Has("username"), parameters.Has("password"));
        var (username, password) = (parameters.Text("username"), parameters.Text("password"));
        if (hasUsername && hasPassword && string.IsNullOrEmpty(username) && string.IsNullOrEmpty(password))
            return this with { Username = null, Password = null, StoredPassword = null };
        if (isElsewhere)
            return hasUsername && hasPassword
                ? this with { Username = username, Password = password, StoredPassword = null }
                : this with { Username = null, Password = null, StoredPassword = null };
        var name = hasUsername ? username : Username;
        return !string.IsNullOrEmpty(password) ? this with { Username = name, Password = password, StoredPassword = null }
            : name == Username ? this
            : string.IsNullOrEmpty(name) ? this with { Username = null }
            : this with { Username = name, StoredPassword = null };
    }
}
