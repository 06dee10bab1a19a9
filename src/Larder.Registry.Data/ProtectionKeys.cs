using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Larder.Registry.Data;

/// <summary>
/// The ring of keys of ASP.NET's data protection as rows, so that every node reads what another has encrypted. A ring that an
/// earlier version kept in the data directory is taken over at the start.
/// </summary>
public sealed class ProtectionKeys(Database database, LarderOptions options, TimeProvider time) : IXmlRepository, IHostedService
{
    /// <summary>The folder of the data directory in which earlier versions kept the keys.</summary>
    public const string Folder = "keys";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>
    /// Takes over the keys of the data directory, which stay there, and sees to it that there is a first key before anybody
    /// looks: two nodes that begin together must not begin with two rings.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var found = await FoundAsync(cancellationToken);
        var known = await database.ReadAsync(session => session.QueryAsync<string>("select name from protection_keys"), cancellationToken);
        var missing = found.Where(key => !known.Contains(key.Name)).ToList();
        if (known.Count == 0 && missing.Count == 0) missing.Add(("first", NewKey().ToString(SaveOptions.DisableFormatting)));
        foreach (var (name, xml) in missing) await SaveAsync(name, xml, cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>All keys. Called by data protection once a day, which waits for it on a thread of its own.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public IReadOnlyCollection<XElement> GetAllElements() =>
    [
        .. database.ReadAsync(session => session.QueryAsync<string>("select xml from protection_keys order by created_at, name"), CancellationToken.None)
            .GetAwaiter().GetResult().Select(xml => XElement.Parse(xml)),
    ];

    /// <summary>Keeps a new key.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public void StoreElement(XElement element, string friendlyName) =>
        SaveAsync(friendlyName, element.ToString(SaveOptions.DisableFormatting), CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Whether data protection has failed only because its keys could not be asked for: the failure that it hides.</summary>
    public static DatabaseUnavailableException? OutageBehind(CryptographicException failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
            if (cause is DatabaseUnavailableException outage) return outage;
        return null;
    }

    private async Task<List<(string Name, string Xml)>> FoundAsync(CancellationToken cancellationToken)
    {
        var found = new List<(string, string)>();
        var folder = new DirectoryInfo(Path.Combine(options.DataDirectory, Folder));
        if (!folder.Exists) return found;
        foreach (var file in folder.EnumerateFiles("*.xml"))
            found.Add((Path.GetFileNameWithoutExtension(file.Name), await File.ReadAllTextAsync(file.FullName, cancellationToken)));
        return found;
    }

    private Task<int> SaveAsync(string name, string xml, CancellationToken cancellationToken) => database.WriteAsync(session => session.ExecuteAsync(
        "insert into protection_keys (name, xml, created_at) values (@Name, @Xml, @Now) on conflict (name) do nothing",
        new { Name = name, Xml = xml, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }), cancellationToken);

    // Data protection goes by the clock of the machine, whatever ours is.
    private static XElement NewKey()
    {
        var made = new InMemory();
        using var services = new ServiceCollection().AddDataProtection().Services
            .Configure<KeyManagementOptions>(keys => keys.XmlRepository = made).BuildServiceProvider();
        var now = DateTimeOffset.UtcNow;
        services.GetRequiredService<IKeyManager>().CreateNewKey(now, now + Lifetime);
        return made.Elements.Single();
    }

    private sealed class InMemory : IXmlRepository
    {
        public List<XElement> Elements { get; } = [];

        public IReadOnlyCollection<XElement> GetAllElements() => Elements;

        public void StoreElement(XElement element, string friendlyName) => Elements.Add(element);
    }
}
