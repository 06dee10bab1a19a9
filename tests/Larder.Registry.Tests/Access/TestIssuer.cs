using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Larder.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Larder.Registry.Tests.Access;

/// <summary>An issuer of OpenID Connect tokens behind a real socket, whose keys a test can change at any time.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    public const string Network = "198.51.100.0/24";
    private static int issuers;
    private readonly ScriptedUpstream upstream = new();
    private readonly LarderServer server;

    public TestIssuer(LarderServer server)
    {
        this.server = server;
        var address = $"198.51.100.{Interlocked.Increment(ref issuers)}";
        server.Upstreams.Map(address, address, upstream.Port);
        Url = $"http://{address}";
        Discovery = new { issuer = Url, jwks_uri = $"{Url}/keys" };
        upstream.On("/.well-known/openid-configuration", (_, answer) => AnswerAsync(answer, JsonSerializer.Serialize(Discovery)));
        upstream.On("/keys", (_, answer) => AnswerAsync(answer, JsonSerializer.Serialize(new { keys = Published.Select(PublicPart) })));
        Rotate();
    }

    /// <summary>What stands in <c>iss</c>.</summary>
    public string Url { get; }

    /// <summary>What it says of itself.</summary>
    public object Discovery { get; set; }

    /// <summary>What it signs with.</summary>
    public SecurityKey Key { get; private set; } = null!;

    /// <summary>The keys that it publishes.</summary>
    public List<SecurityKey> Published { get; } = [];

    public ScriptedUpstream Upstream => upstream;

    public int KeyRequests => upstream.Count("/keys");

    /// <summary>From now on signs with a new key and publishes it alone.</summary>
    public void Rotate(bool ellipticCurve = false)
    {
        Key = ellipticCurve
            ? new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.NewGuid().ToString("n") }
            : new RsaSecurityKey(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("n") };
        Published.Clear();
        Published.Add(Key);
    }

    /// <summary>A statement for one hour, for the audience <c>larder</c>, about the branch main of acme/tool.</summary>
    public string Issue(Action<Dictionary<string, object>>? change = null, SigningCredentials? signing = null)
    {
        var now = server.Time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Url, ["aud"] = "larder", ["sub"] = "project_path:acme/tool:ref_type:branch:ref:main", ["iat"] = now, ["nbf"] = now,
            ["exp"] = now + 3600, ["project_path"] = "acme/tool", ["ref"] = "main", ["ref_protected"] = "true",
        };
        change?.Invoke(claims);
        signing ??= new SigningCredentials(Key, Key is RsaSecurityKey ? SecurityAlgorithms.RsaSha256 : SecurityAlgorithms.EcdsaSha256);
        return new JsonWebTokenHandler().CreateToken(JsonSerializer.Serialize(claims), signing);
    }

    public ValueTask DisposeAsync() => upstream.DisposeAsync();

    private static object PublicPart(SecurityKey key)
    {
        var web = key is RsaSecurityKey rsa
            ? JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(rsa.Rsa.ExportParameters(false)) { KeyId = key.KeyId })
            : JsonWebKeyConverter.ConvertFromECDsaSecurityKey((ECDsaSecurityKey)key);
        return new { kty = web.Kty, kid = key.KeyId, use = "sig", n = web.N, e = web.E, crv = web.Crv, x = web.X, y = web.Y };
    }

    private static async Task AnswerAsync(ScriptedAnswer answer, string json)
    {
        await answer.HeadAsync(200, ("Content-Type", "application/json"), ("Content-Length", $"{Encoding.UTF8.GetByteCount(json)}"));
        await answer.BodyAsync(Encoding.UTF8.GetBytes(json));
    }
}

/// <summary>Servers that may ask the issuers of tests.</summary>
public sealed class SqliteServerWithIssuers : ServerFixture
{
    protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);

    protected override LarderOptions? Options(string data, string database) => With(data, database);

    internal static LarderOptions With(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken,
        Upstreams = new UpstreamOptions { AllowedHosts = [TestIssuer.Network] },
    };
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class PostgresServerWithIssuers : ServerFixture
{
    protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();

    protected override LarderOptions? Options(string data, string database) => SqliteServerWithIssuers.With(data, database);
}
