using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>What every call that makes a token takes.</summary>
internal static class TokenParameters
{
    /// <summary><c>scopes</c>: at least one of the names that this kind of token may have.</summary>
    public static IReadOnlyList<string> Scopes(ApiParameters parameters, IReadOnlyCollection<string> allowed)
    {
        var scopes = parameters.List("scopes");
        if (scopes is null) parameters.Problem("scopes is missing");
        else if (scopes.Count == 0) parameters.Problem("scopes is empty");
        else if (!scopes.All(allowed.Contains)) parameters.Problem("scopes does not have a valid value");
        return scopes?.Distinct().ToList() ?? [];
    }
}
