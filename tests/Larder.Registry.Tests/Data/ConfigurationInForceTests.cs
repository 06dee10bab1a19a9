using System.Collections;
using System.Reflection;

namespace Larder.Registry.Tests.Data;

public sealed class ConfigurationInForceTests
{
    [Fact]
    public void Every_option_is_told_with_its_default_and_whether_it_is_set()
    {
        var all = ConfigurationInForce.Of(new LarderOptions
        {
            AuditDays = 7, Upstreams = new UpstreamOptions { AllowedHosts = ["a.example", "10.0.0.0/8"] }, Blobs = new BlobOptions { Kind = "S3" },
        });
        all.ShouldContain(new OptionInForce("Larder__AuditDays", "7", "365", true));
        all.ShouldContain(new OptionInForce("Larder__GuestsMayPull", "false", "false", false));
        all.ShouldContain(new OptionInForce("Larder__Blobs__Kind", "S3", "FileSystem", true));
        all.ShouldContain(new OptionInForce("Larder__Upstreams__AllowedHosts", "a.example, 10.0.0.0/8", "", true));
        all.ShouldContain(new OptionInForce("Larder__Database", "not set", "not set", false));
        all.Count.ShouldBe(Leaves(typeof(LarderOptions)).Count());
    }

    [Fact]
    public void No_secret_is_told_and_whatever_sounds_like_one_is_marked()
    {
        const string secret = "5ecret-of-the-test";
        var all = ConfigurationInForce.Of(new LarderOptions
        {
            Database = $"Host=db;Password={secret}", InitialRootToken = secret, ExternalUrl = $"https://user:{secret}@packages.example/x",
            SignIn = new SignInOptions { OpenIdConnect = new OpenIdOptions { ClientSecret = secret } },
            Blobs = new BlobOptions { S3 = new S3Options { AccessKey = secret, SecretKey = secret, ServiceUrl = $"https://{secret}@s3.example" } },
        });
        all.ShouldAllBe(option => !option.Value.Contains(secret, StringComparison.OrdinalIgnoreCase));
        all.Single(option => option.Name == "Larder__ExternalUrl").Value.ShouldBe("https://packages.example/x");
        all.Where(option => option.Value == "set").Select(option => option.Name).ShouldBe(
            ["Larder__Database", "Larder__Blobs__S3__AccessKey", "Larder__Blobs__S3__SecretKey", "Larder__InitialRootToken", "Larder__SignIn__OpenIdConnect__ClientSecret"],
            ignoreOrder: true);
        foreach (var property in Leaves(typeof(LarderOptions)).Where(property => property.PropertyType == typeof(string)))
        {
            if (new[] { "Secret", "Password", "Token", "Key" }.Any(word => property.Name.Contains(word, StringComparison.Ordinal)))
                property.GetCustomAttribute<SecretOptionAttribute>().ShouldNotBeNull(property.Name);
        }
    }

    private static IEnumerable<PropertyInfo> Leaves(Type type) => type.GetProperties().Where(property => property.CanWrite).SelectMany(property =>
        property.PropertyType.IsPrimitive || property.PropertyType == typeof(string) || typeof(IEnumerable).IsAssignableFrom(property.PropertyType)
            ? [property] : Leaves(property.PropertyType));
}
