using System.Globalization;
using System.Reflection;

namespace Larder.Registry;

/// <summary>Marks an option whose value nobody is shown.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretOptionAttribute : Attribute;

/// <summary>One option as it is in force.</summary>
/// <param name="Name">As an environment variable: <c>Larder__Blobs__Kind</c>.</param>
/// <param name="Value">Its value; of a secret only whether there is one.</param>
/// <param name="Default">What it is unless it is set.</param>
/// <param name="IsSet">Whether it differs from that.</param>
public sealed record OptionInForce(string Name, string Value, string Default, bool IsSet);

/// <summary>The configuration in force, read from the very types that it is bound to: an option cannot be missing here.</summary>
public static class ConfigurationInForce
{
    private const string Section = "Larder";

    /// <summary>Every option, in the order of the source.</summary>
    public static IReadOnlyList<OptionInForce> Of(LarderOptions options) => [.. Walk(Section, options, new LarderOptions())];

    private static IEnumerable<OptionInForce> Walk(string prefix, object options, object defaults)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var (name, value, unless) = ($"{prefix}__{property.Name}", property.GetValue(options), property.GetValue(defaults));
            if (property.GetCustomAttribute<SecretOptionAttribute>() is not null)
                yield return new(name, Text(value).Length > 0 ? "set" : "not set", "not set", Text(value).Length > 0);
            else if (IsSingle(property.PropertyType))
                yield return new(name, WithoutCredentials(Text(value)), Text(unless), Text(value) != Text(unless));
            else
                foreach (var inner in Walk(name, value!, unless!)) yield return inner;
        }
    }

    private static bool IsSingle(Type type) => type.IsPrimitive || type == typeof(string) || type == typeof(IReadOnlyList<string>);

    private static string Text(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IReadOnlyList<string> list => string.Join(", ", list),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    // Nobody should put a password into an address, but somebody will.
    private static string WithoutCredentials(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length > 0
            ? new UriBuilder(url) { UserName = "", Password = "" }.Uri.ToString() : text;
}
