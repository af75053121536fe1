namespace Metering.Gateway.Validation;

/// <summary>How much a request may carry. Over it the request is refused, field by field.</summary>
internal static class Limits
{
    public const int MaxNameLength = 128;
    public const int MaxLinesPerCharge = 32;
    public const int MaxDimensions = 16;
    public const int MaxDimensionNameLength = 64;
    public const int MaxDimensionValueLength = 256;
    public const int MaxChargesPerBatch = 10_000;
    public const int MaxDisplayNameLength = 256;
    public const int MaxMetadataPairs = 50;
    public const int MaxMetadataKeyLength = 64;
    public const int MaxMetadataValueLength = 512;
    public const int MaxMetersPerGrant = 100;
    public const int MaxPriority = 1_000_000;
    public const int MaxCreditDefinitionLength = 1_024;
    public const int MaxMetersPerCard = 1_000;
    public const int MaxUnitLength = 64;
    public const int MaxPricesPerMeter = 100;
    public const int MaxTiersPerPrice = 100;
    public const int MaxAccountsPerPage = 100;
    public const int DefaultAccountsPerPage = 50;

    /// <summary>The largest amount and the largest quantity.</summary>
    public const decimal MaxAmount = 999_999_999_999_999_999.999999999m;

    public const int MaxDecimals = 9;
}
