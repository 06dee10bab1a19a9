using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Larder.Registry.VirtualRegistries;

namespace Larder.Web.Maven;

/// <summary>
/// The files with which clients build through one virtual registry, whole, ready to copy. The token comes from the environment, so
/// that it stands in no file. What others have named is escaped for the language that it stands in.
/// </summary>
/// <param name="baseUrl">Where clients see this server, without a slash at the end.</param>
/// <param name="registry">The registry.</param>
/// <param name="kind">How the token is shown.</param>
public sealed class ClientLines(string baseUrl, VirtualRegistry registry, TokenKind kind)
{
    private const string RepositoryId = "larder";
    private static readonly XNamespace Settings = "http://maven.apache.org/SETTINGS/1.0.0";

    /// <summary>What clients take for a Maven repository.</summary>
    public string Url { get; } = string.Create(CultureInfo.InvariantCulture, $"{baseUrl}/api/v4/virtual_registries/packages/maven/{registry.Id}");

    /// <summary>A whole <c>settings.xml</c>: the registry is the mirror of every repository.</summary>
    public string MavenSettings() => new XElement(Settings + "settings",
        new XElement(Settings + "servers", new XElement(Settings + "server",
            new XElement(Settings + "id", RepositoryId),
            new XElement(Settings + "configuration", new XElement(Settings + "httpHeaders", new XElement(Settings + "property",
                new XElement(Settings + "name", kind.Header),
                new XElement(Settings + "value", $"${{env.{kind.Variable}}}")))))),
        new XElement(Settings + "mirrors", new XElement(Settings + "mirror",
            new XElement(Settings + "id", RepositoryId),
            new XElement(Settings + "name", Characters(registry.Name)),
            new XElement(Settings + "mirrorOf", "*"),
            new XElement(Settings + "url", Url)))).ToString();

    /// <summary><c>settings.gradle.kts</c>.</summary>
    public string GradleKotlin() => Gradle($$"""
        maven {
            name = "{{Plain(registry.Name)}}"
            url = uri("{{Url}}")
            credentials(HttpHeaderCredentials::class) {
                name = "{{kind.Header}}"
                value = System.getenv("{{kind.Variable}}")
            }
            authentication {
                create<HttpHeaderAuthentication>("header")
            }
        }
        """);

    /// <summary><c>settings.gradle</c>.</summary>
    public string GradleGroovy() => Gradle($$"""
        maven {
            name = '{{Plain(registry.Name)}}'
            url = '{{Url}}'
            credentials(HttpHeaderCredentials) {
                name = '{{kind.Header}}'
                value = System.getenv('{{kind.Variable}}')
            }
            authentication {
                header(HttpHeaderAuthentication)
            }
        }
        """);

    // For plugins and for dependencies, and for no repository beside it.
    private static string Gradle(string repository) => $$"""
        pluginManagement {
            repositories {
        {{Indented(repository)}}
            }
        }
        dependencyResolutionManagement {
            repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
            repositories {
        {{Indented(repository)}}
            }
        }
        """;

    private static string Indented(string lines) => string.Join('\n', lines.Split('\n').Select(line => "        " + line));

    // What XML 1.0 has no way to write, escaped or not.
    private static string Characters(string name) =>
        string.Concat(name.EnumerateRunes().Select(rune => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "?" : rune.ToString()));

    // Nothing that ends a text or begins an expression in Groovy or Kotlin.
    private static string Plain(string name) => string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is ' ' or '.' or '_' ? c : '-'));
}
