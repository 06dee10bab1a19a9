using System.Text;
using System.Xml.Linq;
using Larder.Registry.Data;
using Larder.Registry.Tests.VirtualRegistries;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Tests.Data;

/// <summary>The keys of encrypted passwords belong to the database, not to a node.</summary>
public sealed class ProtectionKeysTests
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Password_that_one_node_has_saved_is_used_by_another_and_no_key_is_logged()
    {
        var database = await PostgresCluster.CreateDatabaseAsync();
        await using var here = await LarderServer.StartAsync(cancel, database);
        await using var there = await LarderServer.StartAsync(cancel, database);
        await using var world = await RegistryWorld.CreateAsync(here);
        await using var upstream = new ScriptedUpstream();
        upstream.File("/" + Jar, "file"u8.ToArray());
        foreach (var node in new[] { here, there }) node.Upstreams.Map("shared.example", "203.0.113.7", upstream.Port);
        var registry = await world.AddRegistryAsync();
        await world.AddUpstreamAsync(registry, new { url = "http://shared.example", name = "shared", username = "me", password = "secret" });

        using var root = there.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{Jar}", cancel)).Status.ShouldBe(200);
        upstream.Requests.ShouldHaveSingleItem().Headers["authorization"]
            .ShouldBe($"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes("me:secret"))}");

        var keys = here.Get<ProtectionKeys>().GetAllElements();
        foreach (var secret in keys.ShouldHaveSingleItem().Descendants("masterKey").ShouldHaveSingleItem().Descendants("value"))
            foreach (var line in here.Log.Concat(there.Log)) line.ShouldNotContain(secret.Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_that_an_earlier_version_kept_in_the_data_directory_are_taken_over(bool isPostgres)
    {
        string? stored = null;
        await using var server = await LarderServer.StartAsync(cancel, isPostgres ? await PostgresCluster.CreateDatabaseAsync() : null,
            (data, _) =>
            {
                using var earlier = new ServiceCollection().AddDataProtection().SetApplicationName("Larder")
                    .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(data, ProtectionKeys.Folder))).Services.BuildServiceProvider();
                stored = new UpstreamPasswords(earlier.GetRequiredService<IDataProtectionProvider>()).Protect("from before");
                return null;
            });
        server.Get<UpstreamPasswords>().Reveal(stored).ShouldBe("from before");
        await server.Get<ProtectionKeys>().StartAsync(cancel);
        server.Get<ProtectionKeys>().GetAllElements().ShouldHaveSingleItem();
        // And what is saved now is read with the same ring.
        server.Get<UpstreamPasswords>().Reveal(server.Get<UpstreamPasswords>().Protect("new")).ShouldBe("new");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_that_begin_together_begin_one_ring_to_which_keys_are_added(bool isPostgres)
    {
        using var folder = new TemporaryDirectory();
        await using Database database = isPostgres
            ? new PostgresDatabase(await PostgresCluster.CreateDatabaseAsync()) : new SqliteDatabase(folder["larder.db"]);
        await database.MigrateAsync(cancel);
        var nodes = Enumerable.Range(0, 8)
            .Select(_ => new ProtectionKeys(database, new LarderOptions { DataDirectory = folder.Path }, TimeProvider.System)).ToList();
        await Task.WhenAll(nodes.Select(node => node.StartAsync(cancel)));
        nodes[0].GetAllElements().ShouldHaveSingleItem();
        nodes[1].StoreElement(new XElement("key", "two"), "key-2");
        nodes[2].GetAllElements().Select(key => key.Name.LocalName).ShouldBe(["key", "key"]);
    }

    [Fact]
    public async Task Keys_that_cannot_be_asked_for_are_an_outage_and_no_lost_password()
    {
        using var folder = new TemporaryDirectory();
        await using var source = new SqliteDatabase(folder["larder.db"]);
        await source.MigrateAsync(cancel);
        using var good = Ring(source, folder);
        var stored = new UpstreamPasswords(good.GetRequiredService<IDataProtectionProvider>()).Protect("secret");
        await using var nowhere = new PostgresDatabase("Host=127.0.0.1;Port=1;Username=x");
        using var bad = Ring(nowhere, folder);
        var passwords = new UpstreamPasswords(bad.GetRequiredService<IDataProtectionProvider>());
        Should.Throw<DatabaseUnavailableException>(() => passwords.Reveal(stored));
        Should.Throw<DatabaseUnavailableException>(() => passwords.Protect("secret"));
    }

    private static ServiceProvider Ring(Database database, TemporaryDirectory folder) =>
        new ServiceCollection().AddDataProtection().SetApplicationName("Larder").Services.Configure<KeyManagementOptions>(keys =>
            keys.XmlRepository = new ProtectionKeys(database, new LarderOptions { DataDirectory = folder.Path }, TimeProvider.System))
        .BuildServiceProvider();
}
